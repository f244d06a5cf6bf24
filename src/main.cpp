#include "app/app.hpp"

int main(int argc, char** argv) { return pushmetrics::run_app(argc, argv); }
