#include "sinks/standard_output.hpp"

#include "support/descriptor.hpp"
#include "support/text.hpp"

#include <cerrno>
#include <cstring>

namespace pushmetrics {

std::unique_ptr<Attempt> StandardOutput::attempt(const Push& push, EventLoop::Clock::time_point, Done done) {
  const std::string text = concat({"# ", push.group.to_string(), "\n", push.body});
  if (write_all(descriptor_, text))
    done({});
  else
    done({AttemptResult::Kind::rejected, concat({"it cannot be written: ", ::strerror(errno)})});
  return nullptr;
}

}  // namespace pushmetrics
