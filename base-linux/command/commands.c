/* SPDX-License-Identifier: BSD-2-Clause */
/* commands.c: the table of all commands. */
#include <string.h>

#include "command.h"

static const struct command_option run_options[] = {
    { "--headless", NULL, "without a window; the picture goes to a file at the end" },
    { "--shot", "FILE.png", "that file" },
    { "--for", "SECONDS", "ends by itself" },
    { "--components", "DIR[:DIR...]",
      "looks for components there before it does where those of Seedbed are" },
    { "--no-spin", NULL, "calls never wait awake for their answers" },
    { "--pcap", "LINK=FILE", "copies the frames of a link to a file; LINK=FILE,LINK=FILE for more of them" },
    { "--books", NULL, "says at the end whether everything came back" },
    { NULL, NULL, NULL },
};

static const struct command_option check_options[] = {
    { "--components", "DIR[:DIR...]", "looks for components there first" },
    { "--headless", NULL, "as a system without a window" },
    { "--json", NULL, "a list of messages, for programs" },
    { NULL, NULL, NULL },
};

static const struct command_option headless_options[] = {
    { "--components", "DIR[:DIR...]", "looks for components there first" },
    { "--headless", NULL, "as a system without a window" },
    { NULL, NULL, NULL },
};

static const struct command_option graph_options[] = {
    { "--live", NULL, "the system that runs, with its states and what is in use" },
    { "--system", "PID", "that one, when several are running" },
    { "--wait", "SECONDS", "how long an init has for its answer (5)" },
    { "--format", "FORMAT", "text, dot or svg; else as the name of the file says" },
    { "--output", "FILE", "to that file" },
    { "-o", "FILE", "the same" },
    { "--components", "DIR[:DIR...]", "looks for components there first" },
    { "--headless", NULL, "as a system without a window" },
    { NULL, NULL, NULL },
};

static const struct command_option new_options[] = {
    { "--dir", "DIR", "makes the project's folder in this one" },
    { NULL, NULL, NULL },
};

#define SYSTEM_OPTION                                                                                        \
    {                                                                                                        \
        "--system", "PID", "of that system, when several are running"                                        \
    }
#define WAIT_OPTION                                                                                          \
    {                                                                                                        \
        "--wait", "SECONDS", "how long an init has for its answer (5)"                                       \
    }
#define NO_OPTION                                                                                            \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

static const struct command_option list_options[] = {
    { "--json", NULL, "for programs" },
    SYSTEM_OPTION,
    NO_OPTION,
};

static const struct command_option top_options[] = {
    { "--sort", "COLUMN", "by cpu (as without this), calls, wakes, ram, caps or name" },
    { "--interval", "SECONDS", "how often it looks (2)" },
    { "--count", "NUMBER", "ends after so many looks" },
    { "--json", NULL, "a line per look, for programs" },
    SYSTEM_OPTION,
    NO_OPTION,
};

static const struct command_option system_options[] = { SYSTEM_OPTION, WAIT_OPTION, NO_OPTION };

static const struct command_option apply_options[] = {
    { "--dry-run", NULL, "says what would change, and changes nothing" },
    { "--init", "SUB", "to the init SUB within the system" },
    SYSTEM_OPTION,
    WAIT_OPTION,
    NO_OPTION,
};

static const struct command_option report_options[] = {
    { "--follow", NULL, "goes on, and shows it again whenever it has changed" },
    { "--json", NULL, "for programs" },
    SYSTEM_OPTION,
    WAIT_OPTION,
    NO_OPTION,
};

static const struct command_option log_options[] = {
    { "--follow", NULL, "goes on with what they say from now on" },
    SYSTEM_OPTION,
    NO_OPTION,
};

static const struct command_option rom_options[] = {
    { "--raw", NULL, "configs, too, are printed as they are" },
    SYSTEM_OPTION,
    WAIT_OPTION,
    NO_OPTION,
};

static const struct command_option pcap_options[] = {
    { "--output", "FILE", "to that file; - or nothing: to standard output" },
    { "-o", "FILE", "the same" },
    { "--count", "NUMBER", "ends after so many frames" },
    SYSTEM_OPTION,
    NO_OPTION,
};

static const struct command_option help_options[] = {
    { "--json", NULL, "the table of commands, for programs" },
    { NULL, NULL, NULL },
};

const struct command commands[] = {
    { .name = "run",
      .operands = "[SCENARIO]",
      .max = 1,
      .summary = "starts a system",
      .text =
          "SCENARIO is a file, or the name of one in the folder of scenarios; without it the default one is "
          "started. hello is the smallest one; web, router, echo, fetch, iperf, ping, lookup, sntp and knock "
          "are "
          "about networks. Ctrl-C ends the system, and nothing is left behind.",
      .options = run_options,
      .run = command_run },
    { .name = "check",
      .operands = "SCENARIO",
      .min = 1,
      .max = 1,
      .summary = "looks for mistakes in a scenario without starting anything",
      .text = "Each mistake is told with file, line and column, as compilers do. The status is 2 if there "
              "are any, and 0 "
              "if there are warnings only.\n"
              "\n"
              "Scenarios of inits within the scenario are checked, too.",
      .options = check_options,
      .run = command_check },
    { .name = "explain",
      .operands = "SCENARIO COMPONENT SERVICE[:LABEL]",
      .min = 3,
      .max = 3,
      .summary = "shows where a session request goes and which rule decides it",
      .text = "Goes through the rules of routing one by one, up to the component that serves the request and "
              "what that "
              "sees of it. COMPONENT is the name of an entry; SUB/NAME is one of the init SUB.\n"
              "\n"
              "The status is 1 if the request is refused.",
      .options = headless_options,
      .run = command_explain },
    { .name = "schema",
      .operands = "",
      .summary = "prints the JSON schema of scenarios, for editors",
      .text = "An editor that knows JSON schemas completes and checks scenarios with it.",
      .run = command_schema },
    { .name = "graph",
      .operands = "[SCENARIO]",
      .max = 1,
      .summary = "draws the components of a scenario, or of a running system, and their sessions",
      .text = "As a tree of text, as SVG (made by Graphviz) or in the language of Graphviz. Without SCENARIO "
              "the default "
              "one is drawn.",
      .options = graph_options,
      .run = command_graph },
    { .name = "list",
      .operands = "",
      .summary = "shows the systems that are running, and their components",
      .text = "Those of this user, with process, ram and caps of each component.",
      .options = list_options,
      .run = command_list },
    { .name = "top",
      .operands = "",
      .summary = "shows what components use, again and again",
      .text = "Per component: processor time, calls that it has answered, how often it was woken up, ram and "
              "caps that "
              "it uses and has. On a terminal keys choose the column to sort by, and q ends it.\n"
              "\n"
              "Calls are counted where they go through shared memory: all but those that carry capabilities "
              "or are "
              "begun and finished later, and what core itself answers. Nothing is counted for it while "
              "nobody looks.",
      .options = top_options,
      .run = command_top },
    { .name = "kill",
      .operands = "COMPONENT",
      .min = 1,
      .max = 1,
      .summary = "ends a component from outside; its restart policy decides what follows",
      .text = "SUB/NAME is component NAME of the init SUB.",
      .options = system_options,
      .run = command_kill },
    { .name = "restart",
      .operands = "COMPONENT",
      .min = 1,
      .max = 1,
      .summary = "ends a component if it runs, and starts it anew",
      .text = "At once, and whatever its restart policy says. SUB/NAME is component NAME of the init SUB.",
      .options = system_options,
      .run = command_restart },
    { .name = "upgrade",
      .operands = "COMPONENT",
      .min = 1,
      .max = 1,
      .summary = "starts a component anew from a binary that has changed",
      .text = "The new binary is checked before; the old one comes back when the new one does not stand its "
              "trial.",
      .options = system_options,
      .run = command_upgrade },
    { .name = "apply",
      .operands = "SCENARIO",
      .min = 1,
      .max = 1,
      .summary = "changes a running system to another scenario",
      .text = "Only what differs is touched. What is done is said; what is wrong with the scenario, too, and "
              "then "
              "nothing is changed and the status is 2.",
      .options = apply_options,
      .run = command_apply },
    { .name = "log",
      .operands = "[COMPONENT]",
      .max = 1,
      .summary = "shows the last lines of output",
      .text = "Of COMPONENT only, or of all.",
      .options = log_options,
      .run = command_log },
    { .name = "report",
      .operands = "[SUB]",
      .max = 1,
      .summary = "shows the state of a system: components, sessions, quotas, and what waits for what",
      .text = "As YAML. With SUB it is that of the init SUB within the system.",
      .options = report_options,
      .run = command_report },
    { .name = "rom",
      .operands = "COMPONENT MODULE",
      .min = 2,
      .max = 2,
      .summary = "prints a ROM module as a component sees it, its config for example",
      .text =
          "By the routes of COMPONENT: \"config\" is what its entry says, \"state\" that of its init, and "
          "others are those "
          "that the system or another component has. Configs are printed as YAML, all else as it is; what is "
          "no text is not "
          "printed on a terminal. A module that another component serves is read by a session as COMPONENT "
          "would open it; a server that does not answer within two seconds is named.",
      .options = rom_options,
      .run = command_rom },
    { .name = "pcap",
      .operands = "LINK",
      .min = 1,
      .max = 1,
      .summary = "copies the frames of a link of the network, for tshark or Wireshark",
      .text =
          "As pcapng, until Ctrl-C. A link is a session of Nic or Uplink at a switch or router; LINK is its "
          "label, or the beginning or end of one with an asterisk for the rest; in an init within the "
          "system's the names of inits come first, \"inner -> client\". One that is not there yet is "
          "waited for.\n"
          "\n"
          "    seedbed pcap client | tshark -i -",
      .options = pcap_options,
      .run = command_pcap },
    { .name = "new",
      .operands = "NAME",
      .min = 1,
      .max = 1,
      .summary = "makes a project for a component of your own",
      .text = "In a folder called NAME, which must not be there yet: source, interface, schema of its "
              "config, client, "
              "test in one process and scenario, built by make or Meson against the kit that this command "
              "belongs "
              "to. NAME becomes that of the program and, with capitals, that of the service.",
      .options = new_options,
      .run = command_new },
    { .name = "kit",
      .operands = "[PLACE]",
      .max = 1,
      .summary = "shows where what components are built with is installed",
      .text =
          "PLACE is one of components, scenarios, template, headers and pkgconfig, of which only the path is "
          "printed then.",
      .run = command_kit },
    { .name = "help",
      .operands = "[COMMAND]",
      .max = 1,
      .summary = "shows what there is to know about a command, or the list of them",
      .text = "seedbed COMMAND --help is the same.",
      .options = help_options,
      .run = command_help },
    { .name = NULL },
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name; command++)
        if (!strcmp(command->name, name))
            return command;
    return NULL;
}

int command_none(const char *name)
{
    const char *names[OS_ARRAY_LEN(commands)];
    size_t count = 0;
    for (const struct command *command = commands; command->name; command++)
        names[count++] = command->name;
    return command_unknown("command", name, names, count);
}
