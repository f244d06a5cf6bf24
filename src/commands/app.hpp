#pragma once

namespace pushmetrics {

/// The whole program. Returns the exit status.
int run_app(int argc, char** argv);

}  // namespace pushmetrics
