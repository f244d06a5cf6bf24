#pragma once

#include "metrics/family.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What a CI system says of the job that it runs, as far as that is the same for every run: never a run's
/// number, a commit or a ref. Branches are not used either, since each would leave a group behind for ever.
struct CiEnvironment {
  /// The system's name, as it writes it itself.
  std::string_view system;
  /// Empty: the system has no variable with the job's name.
  std::string job;
  std::vector<Label> labels;
  /// The file for a summary in Markdown; empty: there is none.
  std::string summary_file;
};

/// A variable of the environment; empty where it is not set.
using Variables = std::function<std::string(const char* name)>;
std::string environment_variable(const char* name);

/// That of the first CI system whose variables are set (pushmetrics(1), Under a CI system); nothing elsewhere.
std::optional<CiEnvironment> ci_environment(const Variables& variable);

}  // namespace pushmetrics
