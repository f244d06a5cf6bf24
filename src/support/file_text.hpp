#pragma once

#include "support/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace pushmetrics {

/// The whole text of a file or a stream.
class FileText {
 public:
  enum class Form {
    mapped,  ///< a large file takes no memory, but changes when somebody writes to it
    copied
  };
  /// `-` is standard input.
  static Result<FileText> read(const std::string& path, Form form);

  FileText(FileText&& other) noexcept;
  FileText& operator=(FileText&&) = delete;
  FileText(const FileText&) = delete;
  FileText& operator=(const FileText&) = delete;
  ~FileText();

  /// Of a mapped file, lets the first `bytes` leave the memory; they are read again when they are looked at.
  void let_go(std::size_t bytes) const;

  std::string take() && { return mapped_.data() != nullptr ? std::string(mapped_) : std::move(copied_); }

  std::string_view text() const { return mapped_.data() != nullptr ? mapped_ : std::string_view(copied_); }

 private:
  FileText() = default;

  std::string copied_;
  std::string_view mapped_;
};

}  // namespace pushmetrics
