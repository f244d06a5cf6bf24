#include "commands/completion.hpp"

#include "cli/subcommand.hpp"
#include "commands/completion_texts.hpp"
#include "support/text.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

constexpr CommandHelp completion_help{
    "pushmetrics completion [options] bash|zsh|fish",
    "Prints the completion for a shell, where no package has installed it.",
    "  source <(pushmetrics completion bash)\n"
    "  pushmetrics completion fish >~/.config/fish/completions/pushmetrics.fish\n",
};

}  // namespace

int completion_command(const std::vector<std::string>& arguments) {
  CommonOptions common;
  const OptionTable table{describe(common)};
  const Beginning beginning =
      begin_subcommand("completion", completion_help, table, Operands::files, common, arguments);
  if (beginning.end) return *beginning.end;
  const Console console = common.console();
  if (beginning.operands.size() != 1) {
    console.error("'completion' needs one shell", "use 'pushmetrics completion bash', zsh or fish");
    return exit_usage;
  }
  const std::string& shell = beginning.operands.front();
  const auto found = std::ranges::find(completion_texts, shell, &CompletionText::shell);
  if (found != completion_texts.end()) return print_result(found->text, console);
  console.error(concat({"there is no completion for ", in_quotes(shell)}),
                "the shells are bash, zsh and fish");
  return exit_usage;
}

}  // namespace pushmetrics
