#include "commands/app.hpp"

#include <cstdlib>

int main(int argc, char** argv) { std::_Exit(pushmetrics::run_app(argc, argv)); }
