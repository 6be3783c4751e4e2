/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.c: mocks: what is expected of an interface, and how calls that come are met. */
#include <stdlib.h>
#include <string.h>

#include <scenario/names.h>

#include "env.h"
#include "mock.h"

/* An object that inproc_mock_add has made. */
struct mock_object {
    struct os_list link;
    struct os_object object;
};

static struct inproc_expect *expect_at(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct inproc_expect, link);
}

static struct mock_call *call_at(struct os_list *link)
{
    return OS_CONTAINER_OF(link, struct mock_call, link);
}

/* ---- names */

static const char *or_nearest(const char *const *names, size_t count, const char *name)
{
    const char *nearest = names_nearest(names, count, name);
    return nearest ? nearest : count ? names[0] : "nothing";
}

static int extends(const struct os_rpc_interface *interface, const struct os_rpc_interface *base)
{
    for (; interface; interface = interface->base)
        if (os_rpc_fingerprint(interface) == os_rpc_fingerprint(base))
            return 1;
    return 0;
}

/* The operation number of the function NAME; stops the test when there is none. */
static uint32_t op_of(const struct inproc_mock *mock, const char *name)
{
    struct names names = { 0 };
    for (const struct os_rpc_interface *at = mock->interface; at; at = at->base)
        for (uint32_t i = 0; i < at->nfunctions; i++) {
            if (!strcmp(at->functions[i].name, name)) {
                names_fini(&names);
                return at->first_op + i;
            }
            if (!names_add(&names, at->functions[i].name))
                inproc_stop("out of memory");
        }
    inproc_stop("mock: interface %s has no function %s; did you mean %s?", mock->interface->name, name,
                or_nearest(names.at, names.count, name));
}

/* What is wanted of the argument NAME, which must go in and be of KIND; stops the test when it is not. */
static struct mock_wanted *wanted_of(struct inproc_expect *expect, const char *name, unsigned kinds,
                                     uint16_t *size)
{
    const struct os_rpc_function *function = expect->function;
    const char *names[OS_MSG_ARGS] = { NULL };
    size_t count = 0;
    for (uint32_t i = 0; i < function->nargs; i++) {
        const struct os_rpc_arg *arg = &function->args[i];
        if (!mock_goes_in(arg))
            continue;
        names[count++] = arg->name;
        if (strcmp(arg->name, name))
            continue;
        if (!(kinds & 1u << arg->kind))
            inproc_stop("mock: argument %s of %s.%s is of type %s", name, expect->mock->interface->name,
                        function->name, arg->type);
        *size = arg->size;
        return &expect->wanted[i];
    }
    inproc_stop("mock: nothing called %s goes into %s.%s; did you mean %s?", name,
                expect->mock->interface->name, function->name, or_nearest(names, count, name));
}

/* ---- expectations */

static void want_nothing(struct mock_wanted *wanted)
{
    struct holder *before = act_as(&holder_mock);
    free(wanted->data);
    os_cap_drop(wanted->cap);
    act_as(before);
    *wanted = (struct mock_wanted){ 0 };
}

/* What mocks keep is counted for the mock parent, so that it is no leak of whoever is looked at. */
static void want(struct mock_wanted *wanted, const struct mock_value *value)
{
    want_nothing(wanted);
    struct holder *before = act_as(&holder_mock);
    wanted->said = 1;
    wanted->len = value->len;
    wanted->data = inproc_zalloc(value->len + 1);
    if (value->data)
        memcpy(wanted->data, value->data, value->len);
    wanted->cap = os_cap_copy(value->cap);
    act_as(before);
}

static struct inproc_expect *expect_op(struct inproc_mock *mock, uint32_t op)
{
    struct inproc_expect *expect = inproc_zalloc(sizeof(*expect));
    expect->mock = mock;
    expect->op = op;
    expect->function = os_rpc_function(mock->interface, op);
    expect->min = expect->max = 1;
    os_list_insert(&mock->expects, &expect->link);
    return expect;
}

struct inproc_expect *inproc_mock_expect(struct inproc_mock *mock, const char *function)
{
    return expect_op(mock, op_of(mock, function));
}

struct inproc_expect *inproc_mock_allow(struct inproc_mock *mock, const char *function)
{
    return inproc_expect_times(inproc_mock_expect(mock, function), 0, UINT32_MAX);
}

void inproc_mock_in_order(struct inproc_mock *mock)
{
    mock->in_order = 1;
}

static const struct os_rpc_function *function_of(const struct inproc_mock *mock,
                                                 const struct os_rpc_interface *interface, uint32_t op)
{
    const struct os_rpc_function *function = os_rpc_function(interface, op);
    if (!extends(mock->interface, interface))
        inproc_stop("mock: interface %s has no %s.%s", mock->interface->name, interface->name,
                    function->name);
    return function;
}

struct inproc_expect *inproc_mock_expect_msg(struct inproc_mock *mock,
                                             const struct os_rpc_interface *interface, uint32_t op,
                                             const struct os_msg *msg, os_err err)
{
    struct mock_value values[OS_MSG_ARGS];
    const struct os_rpc_function *function = function_of(mock, interface, op);
    err = err ? err : mock_decode(function, msg, values);
    if (err)
        inproc_stop("mock: %s.%s cannot be called with what is expected: %s", interface->name, function->name,
                    os_err_text(err));
    struct inproc_expect *expect = expect_op(mock, op);
    for (uint32_t i = 0; i < function->nargs; i++)
        if (mock_goes_in(&function->args[i]))
            want(&expect->wanted[i], &values[i]);
    return expect;
}

struct inproc_expect *inproc_expect_times(struct inproc_expect *expect, uint32_t min, uint32_t max)
{
    expect->min = min;
    expect->max = max;
    return expect;
}

struct inproc_expect *inproc_expect_after(struct inproc_expect *expect, const struct inproc_expect *other)
{
    expect->after = other;
    return expect;
}

struct inproc_expect *inproc_expect_u64(struct inproc_expect *expect, const char *arg, uint64_t value)
{
    uint16_t size;
    struct mock_wanted *wanted = wanted_of(expect, arg, 1u << OS_RPC_VAL, &size);
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    const void *data = size == 1 ? (void *)&u8 : size == 2 ? (void *)&u16 : size == 4 ? (void *)&u32 : &value;
    if (size > 8 || (size & (size - 1)))
        inproc_stop("mock: argument %s of %s is no number but %u bytes", arg, expect->function->name,
                    (unsigned)size);
    want(wanted, &(struct mock_value){ .data = data, .len = size });
    return expect;
}

struct inproc_expect *inproc_expect_str(struct inproc_expect *expect, const char *arg, const char *value)
{
    uint16_t size;
    struct mock_wanted *wanted = wanted_of(expect, arg, 1u << OS_RPC_STR, &size);
    want(wanted, &(struct mock_value){ .data = value, .len = strlen(value) });
    return expect;
}

struct inproc_expect *inproc_expect_bytes(struct inproc_expect *expect, const char *arg, const void *data,
                                          size_t len)
{
    uint16_t size;
    struct mock_wanted *wanted = wanted_of(expect, arg, 1u << OS_RPC_VAL | 1u << OS_RPC_BUF, &size);
    want(wanted, &(struct mock_value){ .data = data, .len = len });
    return expect;
}

struct inproc_expect *inproc_expect_cap(struct inproc_expect *expect, const char *arg, struct os_cap cap)
{
    uint16_t size;
    want(wanted_of(expect, arg, 1u << OS_RPC_CAP, &size), &(struct mock_value){ .cap = cap });
    return expect;
}

struct inproc_expect *inproc_expect_any(struct inproc_expect *expect, const char *arg)
{
    uint16_t size;
    want_nothing(wanted_of(expect, arg, ~0u, &size));
    return expect;
}

static void forget_answer(struct inproc_expect *expect)
{
    struct holder *before = act_as(&holder_mock);
    os_msg_drop_caps(&expect->answer);
    act_as(before);
    expect->how = MOCK_DEFAULT;
}

struct inproc_expect *inproc_expect_error(struct inproc_expect *expect, os_err err)
{
    forget_answer(expect);
    expect->how = MOCK_ERROR;
    expect->err = err;
    return expect;
}

struct inproc_expect *inproc_expect_later(struct inproc_expect *expect)
{
    forget_answer(expect);
    expect->how = MOCK_LATER;
    return expect;
}

/* A copy of FROM whose capabilities are kept until msg_forget. */
static void msg_keep(struct os_msg *to, const struct os_msg *from)
{
    struct holder *before = act_as(&holder_mock);
    to->len = from->len;
    to->ncaps = from->ncaps;
    memcpy(to->data, from->data, from->len);
    for (unsigned i = 0; i < from->ncaps; i++)
        to->caps[i] = os_cap_copy(from->caps[i]);
    act_as(before);
}

struct inproc_expect *inproc_expect_answer(struct inproc_expect *expect,
                                           const struct os_rpc_interface *interface, uint32_t op,
                                           const struct os_msg *msg, os_err err)
{
    const struct os_rpc_function *function = function_of(expect->mock, interface, op);
    if (expect->op != op)
        inproc_stop("mock: an answer of %s for calls of %s", function->name, expect->function->name);
    if (err)
        inproc_stop("mock: %s.%s cannot give this answer: %s", interface->name, function->name,
                    os_err_text(err));
    forget_answer(expect);
    msg_keep(&expect->answer, msg);
    expect->how = MOCK_MESSAGE;
    return expect;
}

uint32_t inproc_expect_calls(const struct inproc_expect *expect)
{
    return expect->calls;
}

void inproc_mock_fake(struct inproc_mock *mock, const void *ops,
                      os_err (*dispatch)(const void *ops, struct os_rpc *rpc))
{
    mock->fake_ops = ops;
    mock->fake = dispatch;
}

/* ---- meeting a call */

static int has_value(const struct mock_wanted *wanted, const struct mock_value *value)
{
    return !wanted->said || (wanted->cap.id == value->cap.id && wanted->len == value->len &&
                             (!value->data || !memcmp(wanted->data, value->data, value->len)));
}

/* Number of the first argument that is not as EXPECT has it, or nargs. */
static uint32_t differs(const struct inproc_expect *expect, const struct mock_value *values)
{
    uint32_t i = 0;
    while (i < expect->function->nargs && has_value(&expect->wanted[i], &values[i]))
        i++;
    return i;
}

/* What must be called before EXPECT and was not, or NULL. */
static const struct inproc_expect *missing_before(const struct inproc_expect *expect)
{
    if (expect->after && expect->after->calls < expect->after->min)
        return expect->after;
    if (!expect->mock->in_order)
        return NULL;
    OS_LIST_FOR_EACH (link, &expect->mock->expects) {
        const struct inproc_expect *at = expect_at(link);
        if (at == expect)
            break;
        if (at->calls < at->min)
            return at;
    }
    return NULL;
}

static struct mock_text problems_of(struct inproc_mock *mock)
{
    return (struct mock_text){ mock->problems, sizeof(mock->problems), strlen(mock->problems) };
}

/* Why nothing meets CALL; a call that is one too many is said by its expectation, with how many there were.
 */
static void unexpected(struct inproc_mock *mock, const struct mock_call *call,
                       const struct mock_value *values)
{
    struct mock_text text = problems_of(mock);
    const uint32_t nargs = call->function->nargs;
    struct inproc_expect *nearest = NULL;
    uint32_t differing = 0, best = 0;
    OS_LIST_FOR_EACH (link, &mock->expects) {
        struct inproc_expect *expect = expect_at(link);
        if (expect->op != call->op)
            continue;
        uint32_t first = differs(expect, values);
        uint32_t likeness = 1 + 2 * first + (expect->calls < expect->max);
        if (likeness > best) {
            best = likeness;
            nearest = expect;
            differing = first;
        }
    }
    if (nearest && differing == nargs && nearest->calls >= nearest->max) {
        nearest->beyond++;
        return;
    }
    mock_say(&text, "%s.%s(", mock->interface->name, call->function->name);
    mock_say_arguments(&text, call);
    mock_say(&text, ") was not expected");
    if (!nearest) {
        mock_say(&text, ", nor any call of %s\n", call->function->name);
    } else if (differing < nargs) {
        mock_say(&text, " with this %s; expected ", call->function->args[differing].name);
        mock_say_expect(&text, nearest);
        mock_say(&text, "\n");
    } else {
        mock_say(&text, " yet; expected first: ");
        mock_say_expect(&text, missing_before(nearest));
        mock_say(&text, "\n");
    }
}

static struct inproc_expect *find_expect(struct inproc_mock *mock, uint32_t op,
                                         const struct mock_value *values)
{
    OS_LIST_FOR_EACH (link, &mock->expects) {
        struct inproc_expect *expect = expect_at(link);
        if (expect->op == op && expect->calls < expect->max && !missing_before(expect) &&
            differs(expect, values) == expect->function->nargs)
            return expect;
    }
    return NULL;
}

static struct mock_call *record(struct inproc_mock *mock, const struct os_rpc_function *function,
                                const struct os_rpc *rpc)
{
    struct mock_call *call = inproc_zalloc(sizeof(*call));
    call->function = function;
    call->op = rpc->op;
    msg_keep(&call->request, rpc->msg);
    os_list_insert(&mock->calls, &call->link);
    return call;
}

/* Writes zeros and empty texts as results. */
static void write_nothing(const struct os_rpc_function *function, struct os_msg *msg)
{
    static const uint8_t zeros[OS_MSG_DATA];
    struct os_wr w = { msg, 0 };
    for (uint32_t i = 0; i < function->nargs; i++) {
        const struct os_rpc_arg *arg = &function->args[i];
        if (!(arg->direction & OS_RPC_OUT))
            continue;
        if (arg->kind == OS_RPC_VAL)
            os_wr_val(&w, zeros, arg->size);
        else if (arg->kind == OS_RPC_STR)
            os_wr_str(&w, "", arg->size);
        else if (arg->kind == OS_RPC_BUF)
            os_wr_buf(&w, "", 0, arg->size);
        else
            os_wr_cap(&w, OS_NO_CAP);
    }
}

/* The results of EXPECT, or none; on the server's side, where what is sent is given away. */
static os_err answer(const struct inproc_expect *expect, const struct os_rpc_function *function,
                     struct os_msg *msg)
{
    os_msg_drop_caps(msg);
    os_msg_clear(msg);
    if (expect->how != MOCK_MESSAGE) {
        write_nothing(function, msg);
        return OS_OK;
    }
    msg->len = expect->answer.len;
    memcpy(msg->data, expect->answer.data, msg->len);
    for (msg->ncaps = 0; msg->ncaps < expect->answer.ncaps; msg->ncaps++)
        msg->caps[msg->ncaps] = os_cap_copy(expect->answer.caps[msg->ncaps]);
    return OS_OK;
}

/* Every call of every object of a mock ends up here. */
static os_err dispatch(const void *ops, struct os_rpc *rpc)
{
    struct inproc_mock *mock = (struct inproc_mock *)ops; /* which is no constant but the test's memory */
    const struct os_rpc_function *function = os_rpc_function(mock->interface, rpc->op);
    struct mock_value values[OS_MSG_ARGS];
    if (!function)
        return OS_ERR_NO_OP;
    if (mock_decode(function, rpc->msg, values)) {
        struct mock_text text = problems_of(mock);
        mock_say(&text, "%s.%s was called with a malformed message\n", mock->interface->name, function->name);
        return OS_ERR_BAD_MSG;
    }
    struct mock_call *call = record(mock, function, rpc);
    struct inproc_expect *expect = find_expect(mock, rpc->op, values);
    if (expect)
        expect->calls++;
    if (expect && expect->how == MOCK_ERROR)
        return expect->err;
    if (expect && expect->how == MOCK_LATER) {
        os_reply_keep(rpc, &call->reply);
        return OS_REPLY_LATER;
    }
    if (mock->fake && (!expect || expect->how == MOCK_DEFAULT)) {
        os_err err = mock->fake(mock->fake_ops, rpc);
        if (err != OS_ERR_NO_OP) /* which is what a function that the fake does not have answers */
            return err;
    }
    if (expect)
        return answer(expect, function, rpc->msg);
    mock_decode(function, &call->request, values); /* the fake may have overwritten them */
    unexpected(mock, call, values);
    return OS_ERR_UNSUPPORTED;
}

/* ---- what came */

uint32_t inproc_mock_calls(const struct inproc_mock *mock, const char *function)
{
    uint32_t op = op_of(mock, function), count = 0;
    OS_LIST_FOR_EACH (link, &mock->calls)
        count += call_at(link)->op == op;
    return count;
}

struct os_reply *inproc_mock_owed(struct inproc_mock *mock, const char *function)
{
    uint32_t op = op_of(mock, function);
    OS_LIST_FOR_EACH (link, &mock->calls)
        if (call_at(link)->op == op && os_reply_owed(&call_at(link)->reply))
            return &call_at(link)->reply;
    inproc_stop("mock: no answer to %s.%s is owed", mock->interface->name, function);
}

const struct os_msg *inproc_mock_request(const struct inproc_mock *mock,
                                         const struct os_rpc_interface *interface, uint32_t op, uint32_t n)
{
    const struct os_rpc_function *function = function_of(mock, interface, op);
    uint32_t count = 0;
    OS_LIST_FOR_EACH (link, &mock->calls)
        if (call_at(link)->op == op && count++ == n)
            return &call_at(link)->request;
    inproc_stop("mock: %s.%s was called %u times, there is no call number %u", mock->interface->name,
                function->name, (unsigned)count, (unsigned)n);
}

static const struct mock_call *last_call(const struct inproc_mock *mock, uint32_t op)
{
    for (const struct os_list *link = mock->calls.prev; link != &mock->calls; link = link->prev)
        if (call_at((struct os_list *)link)->op == op)
            return call_at((struct os_list *)link);
    return NULL;
}

static const char *times(uint32_t count)
{
    return count == 1 ? "time" : "times";
}

static void verify_expect(struct mock_text *text, const struct inproc_expect *expect)
{
    uint32_t came = expect->calls + expect->beyond;
    if (came >= expect->min && came <= expect->max)
        return;
    mock_say_expect(text, expect);
    mock_say(text, " called %u %s, expected %s%u", (unsigned)came, times(came),
             expect->min == expect->max ? ""
             : came < expect->min       ? "at least "
                                        : "at most ",
             (unsigned)(came < expect->min ? expect->min : expect->max));
    const struct mock_call *last = last_call(expect->mock, expect->op);
    if (last && expect->function->nargs) {
        mock_say(text, "; last arguments ");
        mock_say_arguments(text, last);
    }
    mock_say(text, "\n");
}

const char *inproc_mock_verify(struct inproc_mock *mock)
{
    struct mock_text text = { mock->text, sizeof(mock->text), 0 };
    mock->text[0] = 0;
    mock_say(&text, "%s", mock->problems);
    OS_LIST_FOR_EACH (link, &mock->expects)
        verify_expect(&text, expect_at(link));
    if (!text.len)
        return NULL;
    mock->text[text.len - 1] = 0; /* the last end of line */
    return mock->text;
}

/* ---- beginning and end */

static void mock_make(struct inproc_mock *mock, const struct os_rpc_interface *interface)
{
    memset(mock, 0, sizeof(*mock));
    mock->interface = interface;
    os_list_init(&mock->expects);
    os_list_init(&mock->calls);
    os_list_init(&mock->objects);
}

os_err inproc_mock_add(struct inproc_mock *mock, struct os_entrypoint *ep, struct os_cap *cap)
{
    struct mock_object *object = inproc_zalloc(sizeof(*object));
    os_err err = os_rpc_object_init(&object->object, ep, mock->interface, mock, dispatch, cap);
    if (err)
        free(object);
    else
        os_list_insert(&mock->objects, &object->link);
    return err;
}

os_err inproc_mock_init(struct inproc_mock *mock, struct os_entrypoint *ep,
                        const struct os_rpc_interface *interface, struct os_cap *cap)
{
    mock_make(mock, interface);
    return inproc_mock_add(mock, ep, cap);
}

static void free_calls(struct inproc_mock *mock)
{
    OS_LIST_FOR_EACH_SAFE (link, &mock->calls) {
        struct mock_call *call = call_at(link);
        os_msg_drop_caps(&call->request);
        free(call);
    }
}

static void free_expects(struct inproc_mock *mock)
{
    OS_LIST_FOR_EACH_SAFE (link, &mock->expects) {
        struct inproc_expect *expect = expect_at(link);
        forget_answer(expect);
        for (size_t i = 0; i < OS_MSG_ARGS; i++)
            want_nothing(&expect->wanted[i]);
        free(expect);
    }
}

void inproc_mock_fini(struct inproc_mock *mock)
{
    if (!mock->interface)
        return;
    OS_LIST_FOR_EACH_SAFE (link, &mock->objects) {
        struct mock_object *object = OS_CONTAINER_OF(link, struct mock_object, link);
        os_object_fini(&object->object); /* answers what is owed */
        free(object);
    }
    struct holder *before = act_as(&holder_mock);
    free_calls(mock);
    free_expects(mock);
    act_as(before);
    memset(mock, 0, sizeof(*mock));
}

/* ---- whole services */

struct mock_session {
    struct os_root_session session;
    struct os_object object;
};

static os_err open_session(struct os_root_server *root, struct os_session_request *request,
                           struct os_root_session **session, os_any_cap *cap)
{
    struct inproc_mock_service *service = OS_CONTAINER_OF(root, struct inproc_mock_service, server);
    struct mock_session *made = inproc_zalloc(sizeof(*made));
    os_err err = os_rpc_object_init(&made->object, root->env->ep, service->mock.interface, &service->mock,
                                    dispatch, &cap->cap);
    if (err)
        free(made);
    else
        *session = &made->session;
    return err;
}

static void close_session(struct os_root_server *root, struct os_root_session *session)
{
    struct mock_session *closed = OS_CONTAINER_OF(session, struct mock_session, session);
    os_object_fini(&closed->object);
    free(closed);
}

static const struct os_root_handlers handlers = { .open = open_session, .close = close_session };

static void construct(struct os_env *env)
{
    struct inproc_env *inproc = OS_CONTAINER_OF(env, struct inproc_env, env);
    struct inproc_mock_service *service = OS_CONTAINER_OF(inproc, struct inproc_mock_service, env);
    os_err err = os_root_server_init(&service->server, env, env->ep, service->name, &handlers);
    if (err)
        inproc_stop("mock: cannot announce %s: %s", service->name, os_err_text(err));
    /* calls of the root go through its mock first */
    inproc_mock_fake(&service->root, service->server.object.ops, service->server.object.dispatch);
    service->server.object.ops = &service->root;
    service->server.object.dispatch = dispatch;
}

void inproc_mock_service_init(struct inproc_mock_service *service, const char *name,
                              const struct os_rpc_interface *interface)
{
    memset(service, 0, sizeof(*service));
    service->name = name;
    mock_make(&service->mock, interface);
    mock_make(&service->root, &os_root_interface);
    inproc_env_init(&service->env, name);
    inproc_env_construct(&service->env, construct);
}

int inproc_mock_service_fini(struct inproc_mock_service *service)
{
    os_root_server_fini(&service->server);
    inproc_mock_fini(&service->mock);
    inproc_mock_fini(&service->root);
    return inproc_env_fini(&service->env);
}

struct inproc_expect *inproc_mock_service_open(struct inproc_mock_service *service, const char *label,
                                               const char *args)
{
    struct inproc_expect *expect = inproc_mock_expect(&service->root, "open");
    return inproc_expect_str(inproc_expect_str(expect, "label", label), "args", args);
}

uint32_t inproc_mock_service_sessions(const struct inproc_mock_service *service)
{
    uint32_t count = 0;
    OS_LIST_FOR_EACH (link, &service->server.sessions)
        count++;
    return count;
}
