#pragma once

#include "metrics/push.hpp"
#include "support/duration.hpp"
#include "support/event_loop.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pushmetrics {

/// What one attempt at a delivery came to.
struct AttemptResult {
  enum class Kind {
    delivered,
    rejected,         ///< for good: the push itself is wrong
    needs_attention,  ///< until a person fixes something: a password, a certificate, a URL
    retry             ///< not this time
  };
  Kind kind = Kind::delivered;
  /// Why not, in words for a person that complete "not pushed: "; a warning, where it was delivered.
  std::string reason = {};
  /// How long the server wants to be left alone.
  std::optional<Duration> retry_after = std::nullopt;
  /// The status of the server's answer, 0 where there was none.
  int status = 0;
  /// There was not even a connection, or no directory: nothing else can be delivered there now either.
  bool is_unreachable = false;
  /// What a person can do about `reason`; empty: nothing particular.
  std::string hint = {};
  /// Stable identifier of the kind of failure, as of Failure; may be empty.
  std::string_view id = {};

  /// Whether the same push may yet be delivered, if not now.
  bool may_go_later() const { return kind == Kind::needs_attention || kind == Kind::retry; }
};

/// What is left of a push that is sent in several requests.
struct Remainder {
  /// What has not been sent, and may be later; null: all of it.
  SharedPush push;
  /// Why some of the requests were rejected, for good; empty: none was.
  std::string rejected;
};

/// An attempt under way. Destroying it cancels it; then `done` is not called.
class Attempt {
 public:
  virtual ~Attempt() = default;
  /// What the next attempt has to send if this one fails, or is cancelled now.
  virtual Remainder remainder() { return {}; }
};

/// What a sink can do beside taking metrics.
struct Capabilities {
  bool replace = false;    ///< PushMode::replace
  bool remove = false;     ///< delete groups
  bool list = false;       ///< show its groups
  bool read_back = false;  ///< report the present values of a group
};

class GroupStore;

/// A kind of place that takes metrics, at one address.
class Sink {
 public:
  using Done = std::function<void(AttemptResult)>;

  virtual ~Sink();
  virtual Capabilities capabilities() const = 0;

  /// Tries once, until `deadline` at the latest, and calls `done` once: perhaps before it returns.
  /// `push` must outlive the attempt.
  virtual std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                           Done done) = 0;

  /// Asks why a push was refused as inconsistent (400), until `deadline`. `done` gets a sentence that names
  /// what is in its way and what would clear it, or nothing where that cannot be known. Null: it cannot be
  /// asked. `push` and the sink must outlive the attempt.
  using OnExplanation = std::function<void(std::string)>;
  virtual std::unique_ptr<Attempt> explain_push_conflict(const Push& push,
                                                         EventLoop::Clock::time_point deadline,
                                                         OnExplanation done);

  /// The groups that it holds, to be listed and deleted; null where that cannot be done. Must not outlive the
  /// sink.
  virtual std::unique_ptr<GroupStore> groups();
};

}  // namespace pushmetrics
