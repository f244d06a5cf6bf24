#include "app/app.hpp"

namespace pushmetrics {

int run_app(int /*argc*/, char** /*argv*/) { return 2; }

}  // namespace pushmetrics
