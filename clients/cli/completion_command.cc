// `muster completion`: scripts for shells, made from the command line itself, so that they never fall behind it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "clients/cli/commands.h"
#include "clients/cli/options.h"

namespace muster::cli {
namespace {

constexpr char kFooter[] =
    "Examples:\n"
    "  source <(muster completion bash)\n"
    "  muster completion zsh > \"${fpath[1]}/_muster\"\n"
    "  muster completion fish > ~/.config/fish/completions/muster.fish";

// An option or a positional argument.
struct Argument {
  std::vector<std::string> names;  // "-o", "--output"; none for a positional argument.
  bool takes_value = false;
  std::vector<std::string> choices;  // Of its value.
  bool is_file = false;
  std::string description;
};

// One command, or the program itself.
struct CommandFacts {
  std::string path;  // "/result/get"; empty for the program.
  std::string description;
  std::vector<const CommandFacts*> subcommands;
  std::vector<Argument> options;
  std::vector<Argument> positionals;
};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string LastWord(const CommandFacts& command) { return command.path.substr(command.path.rfind('/') + 1); }

// What CLI11 says of a checked option: "TEXT:{table,csv,json}".
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  const size_t end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

Argument ArgumentOf(const CLI::Option& option) {
  Argument argument;
  for (const std::string& name : option.get_snames()) argument.names.push_back(absl::StrCat("-", name));
  for (const std::string& name : option.get_lnames()) argument.names.push_back(absl::StrCat("--", name));
  argument.takes_value = option.get_items_expected_max() > 0;
  argument.choices = ChoicesOf(option);
  argument.is_file = option.get_positional() && option.get_name() == "FILE";
  argument.description = FirstLine(option.get_description());
  return argument;
}

// Adds `app` and all below it to `all`, and returns it.
const CommandFacts* Describe(const CLI::App& app, const std::string& path,
                             std::vector<std::unique_ptr<CommandFacts>>& all) {
  all.push_back(std::make_unique<CommandFacts>());
  CommandFacts& command = *all.back();
  command.path = path;
  command.description = FirstLine(app.get_description());
  for (const CLI::Option* option : app.get_options()) {
    Argument argument = ArgumentOf(*option);
    (option->get_positional() ? command.positionals : command.options).push_back(std::move(argument));
  }
  for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
    command.subcommands.push_back(Describe(*subcommand, absl::StrCat(path, "/", subcommand->get_name()), all));
  }
  return &command;
}

// The commands, the program first.
using Commands = std::vector<std::unique_ptr<CommandFacts>>;

// Calls `write(command, argument)` for every option; those of the program go with every command.
template <typename Write>
void ForEachOption(const Commands& commands, const Write& write) {
  for (const auto& command : commands) {
    for (const Argument& option : command->options) write(*command, option);
  }
}

// Every path but the program's, as alternatives of a shell's case.
std::string AllPaths(const Commands& commands, absl::string_view separator) {
  std::vector<std::string> paths;
  for (const auto& command : commands) {
    if (!command->path.empty()) paths.push_back(command->path);
  }
  return absl::StrJoin(paths, separator);
}

// "*:-o|*:--output", "/submit:--format": patterns of "path:word before" for which a value of the option is due.
std::string ValuePatterns(const CommandFacts& command, const Argument& option) {
  std::vector<std::string> patterns;
  for (const std::string& name : option.names) {
    patterns.push_back(absl::StrCat(command.path.empty() ? "*" : command.path, ":", name));
  }
  return absl::StrJoin(patterns, "|");
}

bool HasFiles(const CommandFacts& command) {
  bool has_files = false;
  for (const Argument& positional : command.positionals) has_files = has_files || positional.is_file;
  return has_files;
}

std::string Bash(const Commands& commands) {
  std::string script = absl::StrCat(
      "# Completion of muster for bash. Load it with: source <(muster completion bash)\n"
      "_muster() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" path=\"\" words=\"\" word\n"
      "  # bash takes --output=json apart.\n"
      "  [[ $current == \"=\" ]] && current=\"\"\n"
      "  [[ $before == \"=\" ]] && before=\"${COMP_WORDS[COMP_CWORD-2]}\"\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$path/$word\" in\n"
      "      ",
      AllPaths(commands, "|"),
      ") path=\"$path/$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path:$before\" in\n");
  ForEachOption(commands, [&](const CommandFacts& command, const Argument& option) {
    if (!option.takes_value) return;
    absl::StrAppend(&script, "    ", ValuePatterns(command, option), ") ");
    if (!option.choices.empty()) {
      absl::StrAppend(&script, "COMPREPLY=($(compgen -W \"", absl::StrJoin(option.choices, " "),
                      "\" -- \"$current\")); ");
    }
    absl::StrAppend(&script, "return ;;\n");
  });
  absl::StrAppend(&script, "  esac\n  case \"$path\" in\n");
  for (const auto& command : commands) {
    std::vector<std::string> words;
    for (const CommandFacts* subcommand : command->subcommands) words.push_back(LastWord(*subcommand));
    for (const Argument& positional : command->positionals) {
      words.insert(words.end(), positional.choices.begin(), positional.choices.end());
    }
    for (const Argument& option : command->options) {
      words.insert(words.end(), option.names.begin(), option.names.end());
    }
    absl::StrAppend(&script, "    \"", command->path, "\") words=\"", absl::StrJoin(words, " "), "\"");
    if (HasFiles(*command)) absl::StrAppend(&script, "; [[ $current == -* ]] || { compopt -o default; return; }");
    absl::StrAppend(&script, " ;;\n");
  }
  std::vector<std::string> everywhere;
  for (const Argument& option : commands.front()->options) {
    everywhere.insert(everywhere.end(), option.names.begin(), option.names.end());
  }
  absl::StrAppend(&script,
                  "  esac\n"
                  "  [[ $current == -* && -n $path ]] && words=\"$words ",
                  absl::StrJoin(everywhere, " "),
                  "\"\n"
                  "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                  "}\n"
                  "complete -F _muster muster\n");
  return script;
}

// Inside single quotes of zsh and fish.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// "'--output:How to write the answer'" of zsh's _describe.
std::string ZshCandidate(const std::string& word, const std::string& description) {
  return Quoted(absl::StrCat(absl::StrReplaceAll(word, {{":", "\\:"}}), ":", description));
}

std::string Zsh(const Commands& commands) {
  std::string script = absl::StrCat(
      "#compdef muster\n"
      "# Completion of muster for zsh. Put it as _muster into a folder of $fpath.\n"
      "_muster() {\n"
      "  local command_path=\"\" before=\"${words[CURRENT-1]}\" word\n"
      "  local -a candidates\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    case \"$command_path/$word\" in\n"
      "      (",
      AllPaths(commands, "|"),
      ") command_path=\"$command_path/$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$command_path:$before\" in\n");
  ForEachOption(commands, [&](const CommandFacts& command, const Argument& option) {
    if (!option.takes_value) return;
    absl::StrAppend(&script, "    (", ValuePatterns(command, option), ") ");
    if (!option.choices.empty()) absl::StrAppend(&script, "compadd -- ", absl::StrJoin(option.choices, " "), "; ");
    absl::StrAppend(&script, "return ;;\n");
  });
  absl::StrAppend(&script, "  esac\n  case \"$command_path\" in\n");
  for (const auto& command : commands) {
    std::vector<std::string> candidates;
    for (const CommandFacts* subcommand : command->subcommands) {
      candidates.push_back(ZshCandidate(LastWord(*subcommand), subcommand->description));
    }
    for (const Argument& positional : command->positionals) {
      for (const std::string& choice : positional.choices) {
        candidates.push_back(ZshCandidate(choice, positional.description));
      }
    }
    for (const Argument& option : command->options) {
      for (const std::string& name : option.names) candidates.push_back(ZshCandidate(name, option.description));
    }
    absl::StrAppend(&script, "    (\"", command->path, "\") candidates=(", absl::StrJoin(candidates, " "), ")");
    if (HasFiles(*command)) absl::StrAppend(&script, "; _files");
    absl::StrAppend(&script, " ;;\n");
  }
  std::vector<std::string> everywhere;
  for (const Argument& option : commands.front()->options) {
    for (const std::string& name : option.names) everywhere.push_back(ZshCandidate(name, option.description));
  }
  absl::StrAppend(&script, "  esac\n  [[ -n $command_path ]] && candidates+=(", absl::StrJoin(everywhere, " "),
                  ")\n"
                  "  _describe 'muster' candidates\n"
                  "}\n"
                  "if [[ $funcstack[1] == _muster ]]; then _muster \"$@\"; else compdef _muster muster; fi\n");
  return script;
}

std::string FishNames(const Argument& option) {
  std::vector<std::string> flags;
  for (const std::string& name : option.names) {
    const bool is_long = name.rfind("--", 0) == 0;
    flags.push_back(is_long ? absl::StrCat("-l ", name.substr(2)) : absl::StrCat("-s ", name.substr(1)));
  }
  return absl::StrJoin(flags, " ");
}

std::string Fish(const Commands& commands) {
  std::string script = absl::StrCat(
      "# Completion of muster for fish. Put it as muster.fish into ~/.config/fish/completions.\n"
      "function __muster_path\n"
      "  set -l path ''\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$path/$word\"\n"
      "      case ",
      AllPaths(commands, " "),
      "\n"
      "        set path \"$path/$word\"\n"
      "    end\n"
      "  end\n"
      "  echo \"$path\"\n"
      "end\n"
      "function __muster_at\n"
      "  test \"$(__muster_path)\" = \"$argv[1]\"\n"
      "end\n"
      "complete -c muster -f\n");
  for (const auto& command : commands) {
    const std::string at = absl::StrCat(" -n \"__muster_at '", command->path, "'\"");
    for (const CommandFacts* subcommand : command->subcommands) {
      absl::StrAppend(&script, "complete -c muster", at, " -a ", LastWord(*subcommand), " -d ",
                      Quoted(subcommand->description), "\n");
    }
    for (const Argument& positional : command->positionals) {
      if (positional.is_file) absl::StrAppend(&script, "complete -c muster", at, " -F\n");
      if (positional.choices.empty()) continue;
      absl::StrAppend(&script, "complete -c muster", at, " -a ", Quoted(absl::StrJoin(positional.choices, " ")), " -d ",
                      Quoted(positional.description), "\n");
    }
    for (const Argument& option : command->options) {
      absl::StrAppend(&script, "complete -c muster", command->path.empty() ? "" : at, " ", FishNames(option));
      if (option.takes_value) absl::StrAppend(&script, " -x");
      if (!option.choices.empty()) absl::StrAppend(&script, " -a ", Quoted(absl::StrJoin(option.choices, " ")));
      absl::StrAppend(&script, " -d ", Quoted(option.description), "\n");
    }
  }
  return script;
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Command* chosen) {
  CLI::App* const command = app.add_subcommand("completion", "Print the completion script of a shell");
  command->footer(kFooter);
  const auto shell = std::make_shared<std::string>();
  AddTextOption(*command, "SHELL", shell.get(), "Which shell", "NAME")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([chosen, shell, &app] {
    // Described while the command line is there; it is gone when the command runs.
    Commands commands;
    Describe(app, "", commands);
    const std::string script = *shell == "bash" ? Bash(commands) : *shell == "zsh" ? Zsh(commands) : Fish(commands);
    *chosen = [script](Session& session) {
      session.out() << script;
      return ExitCode::kDone;
    };
  });
}

}  // namespace muster::cli
