#pragma once

#include <string_view>

namespace pushmetrics {

/// Whether some subcommand takes an option of this long name from a configuration file; what stands above all
/// sections is for whichever does.
bool is_configuration_key(std::string_view name);

/// Whether an option of this long name can be given on the command line only, whatever the subcommand.
bool is_for_one_call(std::string_view name);

/// Whether a section of a configuration file may be named so.
bool is_subcommand(std::string_view name);

}  // namespace pushmetrics
