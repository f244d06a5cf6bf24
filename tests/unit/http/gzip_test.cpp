#include "http/gzip.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace pushmetrics;

namespace {

std::string all_of(GzipStream& stream, std::size_t piece) {
  std::string packed;
  std::vector<char> place(piece);
  std::size_t count = piece;
  while (count == piece) {
    count = stream.read(place);
    packed.append(place.data(), count);
  }
  return packed;
}

std::string unpacked(std::string packed) {
  z_stream stream{};
  REQUIRE(::inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text(std::size_t{1} << 20, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  CHECK(::inflate(&stream, Z_FINISH) == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  text.resize(stream.total_out);
  ::inflateEnd(&stream);
  return text;
}

std::string many_lines() {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "import_items{shard=\"" + std::to_string(i * i) + "\"} 1\n";
  return text;
}

}  // namespace

TEST_CASE("what is packed in pieces of any size is the text") {
  const std::string text = many_lines();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{65524}, std::size_t{1} << 20}) {
    CAPTURE(piece);
    GzipStream stream(text);
    const std::string packed = all_of(stream, piece);
    CHECK(packed.size() < text.size() / 2);
    CHECK(unpacked(packed) == text);
    CHECK(all_of(stream, piece).empty());
  }
}

TEST_CASE("an empty text can be packed") {
  GzipStream stream("");
  CHECK(unpacked(all_of(stream, 10)).empty());
}

TEST_CASE("packing begins anew wherever it stands") {
  const std::string text = many_lines();
  GzipStream stream(text);
  std::vector<char> place(1000);
  for (const int pieces : {0, 1, 10, 1000}) {
    for (int i = 0; i < pieces; ++i) stream.read(place);
    stream.rewind();
    CHECK(unpacked(all_of(stream, 1000)) == text);
    stream.rewind();
  }
}

TEST_CASE("it can be had whole, however much of it was read before") {
  const std::string text = many_lines();
  GzipStream stream(text);
  const std::string packed = stream.whole();
  CHECK(unpacked(packed) == text);
  std::vector<char> place(1000);
  stream.rewind();
  stream.read(place);
  CHECK(stream.whole() == packed);
  CHECK(unpacked(GzipStream("").whole()).empty());
}
