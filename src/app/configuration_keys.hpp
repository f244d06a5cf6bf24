#pragma once

#include <string_view>

namespace pushmetrics {

/// Whether some subcommand has an option of this long name; what stands above all sections of a configuration
/// file is for whichever has it.
bool is_configuration_key(std::string_view name);

/// Whether a section of a configuration file may be named so.
bool is_subcommand(std::string_view name);

}  // namespace pushmetrics
