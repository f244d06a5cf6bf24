#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pushmetrics {

/// Words initialised to 0, for a hash table with random access. They are in large pages if the system has
/// them, so that neither the first access nor a lookup costs a page fault or TLB miss each. Throws
/// std::bad_alloc.
class ZeroedWords {
 public:
  ZeroedWords() = default;
  explicit ZeroedWords(std::size_t count);

  std::uint64_t& operator[](std::size_t index) { return words_.get()[index]; }
  std::size_t size() const { return words_.get_deleter().count; }
  std::span<const std::uint64_t> all() const { return {words_.get(), size()}; }

 private:
  struct Release {
    std::size_t count;
    void operator()(std::uint64_t* words) const;
  };
  std::unique_ptr<std::uint64_t, Release> words_;
};

}  // namespace pushmetrics
