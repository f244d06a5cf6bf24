#include "cli/cli.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

/// A home of its own, with configuration files, and an environment that is mended afterwards.
class OptionSources {
 public:
  OptionSources() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pushmetrics-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    home_ = pattern;
    set("XDG_CONFIG_HOME", home_);
  }
  ~OptionSources() {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
    std::filesystem::remove_all(home_);
  }
  OptionSources(const OptionSources&) = delete;
  OptionSources& operator=(const OptionSources&) = delete;

  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }
  std::string write(const std::string& name, const std::string& text) const {
    const auto path = std::filesystem::path(home_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

 private:
  std::string home_;
  std::vector<std::string> names_;
};

struct Places {
  std::optional<std::string> job;
  std::vector<Label> labels;
  Duration timeout = 1s;
  bool flag = false;
  std::string lint;
  std::string config;
};

OptionTable table_of(Places& places) {
  OptionSpec label{"label", 'l', "NAME=VALUE", "labels", into(places.labels)};
  label.repeatable = true;
  label.environment = {"PUSHMETRICS_LABELS"};
  label.separators = ",";
  OptionSpec lint{"lint", 0, "LEVEL", "lints", into(places.lint)};
  lint.implied_value = "warning";
  OptionSpec config{"config", 0, "FILE", "more", into(places.config), OptionSpec::Scope::command_line_only};
  return {{"All",
           {{"job", 'j', "NAME", "the job", into(places.job)},
            label,
            {"push-timeout", 0, "D", "a duration", into(places.timeout)},
            {"instance-hostname", 0, "", "a flag", set(places.flag)},
            lint,
            config}}};
}

struct Parsed {
  Places places;
  Result<ParsedOptions> reading = Failure{};
};

Parsed read(const std::vector<std::string>& arguments, Operands operands = Operands::command) {
  Parsed parsed;
  parsed.reading = read_options("run", table_of(parsed.places), operands, arguments);
  return parsed;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a command is taken as it is, with and without the separator") {
  const OptionSources sources;
  CHECK(read({"-j", "x", "--", "sh", "-c", "a b"}).reading->operands == Strings{"sh", "-c", "a b"});
  CHECK(read({"-j", "x", "sh", "-j", "--label", "--", "y"}).reading->operands ==
        Strings{"sh", "-j", "--label", "--", "y"});
  CHECK(read({"--", "cmd", "--", "-x", ""}).reading->operands == Strings{"cmd", "--", "-x", ""});
  CHECK(read({"--", "-odd-name"}).reading->operands == Strings{"-odd-name"});
  CHECK(read({"--"}).reading->operands.empty());
}

TEST_CASE("options are read in every spelling") {
  const OptionSources sources;
  for (const Strings& arguments :
       {Strings{"-j", "x"}, {"-jx"}, {"--job", "x"}, {"--job=x"}, {"--job", "first", "--job", "x"}})
    CHECK(read(arguments).places.job == "x");
  CHECK(read({"-l", "a=1", "-l", "b=2=3"}).places.labels == std::vector<Label>{{"a", "1"}, {"b", "2=3"}});
}

TEST_CASE("an empty value is a value") {
  const OptionSources sources;
  CHECK(read({"--job=", "cmd"}).places.job == "");
  CHECK(read({"--job", "", "cmd"}).places.job == "");
  CHECK(read({"--job=", "cmd", "--x="}).reading->operands == Strings{"cmd", "--x="});
}

TEST_CASE("a value that may be left out never takes the next operand") {
  const OptionSources sources;
  const Parsed implied = read({"--lint", "file"}, Operands::files);
  CHECK(implied.places.lint == "warning");
  CHECK(implied.reading->operands == Strings{"file"});
  CHECK(read({"--lint=error", "file"}, Operands::files).places.lint == "error");
}

TEST_CASE("a mistake on the command line is an error") {
  const OptionSources sources;
  CHECK(read({"--no-such", "true"}).reading.error() == "unknown option '--no-such'");
  CHECK(read({"-z"}).reading.error() == "unknown option '-z'");
  CHECK(read({"--push-timeout", "soon"})
            .reading.error()
            .starts_with("--push-timeout: invalid duration 'soon'"));
  CHECK(read({"-j"}).reading.error() == "'-j' needs a value");
  CHECK(read({"--job", "--", "true"}).reading.error() == "'--job' needs a value");
  CHECK(read({"--instance-hostname=x", "true"}).reading.error() == "--instance-hostname: it takes no value");
  CHECK_FALSE(read({"-l", "novalue"}).reading);
  CHECK(read({"stray"}, Operands::none).reading.error() == "unexpected argument 'stray'");
}

TEST_CASE("an unknown option is answered with the nearest, or with what other tools call so") {
  const OptionSources sources;
  const auto hint = [](const char* argument) { return read({argument, "true"}).reading.failure().hint; };
  CHECK(hint("--jobb") == "use '--job'");
  CHECK(hint("--lable=a=b") == "use '--label'");
  CHECK(hint("--inst") == "use '--instance-hostname'");
  CHECK(hint("--labels") == "use '--label'");
  CHECK(hint("--job-name=x") == "use '--job'");
  CHECK(hint("--tags") == "use '--label'");
  CHECK(hint("--frobnicate") == "see 'pushmetrics run --help'");
  CHECK(hint("--pushgateway-url") == "see 'pushmetrics run --help'");  // this table has no --url
}

TEST_CASE("an option that is set to nothing usable says so, whoever set it") {
  OptionSources sources;
  std::string given_by;
  OptionTable table{{"All", {{"push-timeout", 0, "D", "a duration", [](const Strings&) {
                                return Stored(Failure{"no"});
                              }}}}};
  table[0].options[0].on_unusable = [&](const std::string& source) { given_by = source; };
  CHECK(read_options("run", table, Operands::command, {"true"}));
  CHECK(given_by.empty());
  sources.set("PUSHMETRICS_PUSH_TIMEOUT", "5s");
  CHECK(read_options("run", table, Operands::command, {"true"})->problems ==
        Strings{"PUSHMETRICS_PUSH_TIMEOUT: no"});
  CHECK(given_by == "PUSHMETRICS_PUSH_TIMEOUT");
}

TEST_CASE("a list in one value is split wherever it is given, and costs its bad elements only") {
  OptionSources sources;
  std::vector<std::string> codes;
  OptionSpec spec{"success-codes", 0, "LIST", "codes", [&codes](const Strings& values) -> Stored {
                    if (std::ranges::find(values, "x") != values.end()) return Failure{"no"};
                    codes = values;
                    return {};
                  }};
  spec.repeatable = true;
  spec.separators = ", ";
  spec.split_everywhere = true;
  const OptionTable table{{"All", {spec}}};
  CHECK(read_options("run", table, Operands::command, {"--success-codes", "0,24", "true"}));
  CHECK(codes == Strings{"0", "24"});
  sources.write("pushmetrics/config.toml", "success-codes = \"1,25,x\"\n");
  CHECK(read_options("run", table, Operands::command, {"true"})->problems.size() == 1);
  CHECK(codes == Strings{"1", "25"});
}

TEST_CASE("the command line goes over the environment over the file over the default") {
  OptionSources sources;
  CHECK(read({}).places.timeout == 1s);
  sources.write("pushmetrics/config.toml", "push-timeout = \"2s\"\n");
  CHECK(read({}).places.timeout == 2s);
  const std::string named = sources.write("named.toml", "push-timeout = 3\n");
  CHECK(read({"--config", named}).places.timeout == 3s);
  sources.set("PUSHMETRICS_PUSH_TIMEOUT", "4s");
  CHECK(read({"--config", named}).places.timeout == 4s);
  CHECK(read({"--config", named, "--push-timeout", "5s"}).places.timeout == 5s);
}

TEST_CASE("a subcommand's section goes over what is for all, and another's is let be") {
  OptionSources sources;
  sources.set("PUSHMETRICS_CONFIG", sources.write("c.toml",
                                                  "job = \"all\"\ninstance-hostname = true\n"
                                                  "[push]\njob = \"push\"\n"
                                                  "[run]\njob = \"run # not a comment\" # one\n"));
  const Parsed parsed = read({});
  CHECK(parsed.places.job == "run # not a comment");
  CHECK(parsed.places.flag);
  CHECK(parsed.reading->problems.empty());
}

TEST_CASE("labels come as a list from the environment and from a file") {
  OptionSources sources;
  sources.write("pushmetrics/config.toml", "label = [\"a=1\", \"b=x,y\"]\n");
  CHECK(read({}).places.labels == std::vector<Label>{{"a", "1"}, {"b", "x,y"}});
  sources.set("PUSHMETRICS_LABELS", "c=3,d=4");
  CHECK(read({}).places.labels == std::vector<Label>{{"c", "3"}, {"d", "4"}});
}

TEST_CASE("what can be given on the command line only is a problem in a file") {
  OptionSources sources;
  const std::string file = sources.write("pushmetrics/config.toml",
                                         "dry-run = true\n[run]\nconfig = \"x\"\n[push]\ndry-run = true\n");
  CHECK(read({}).reading->problems == Strings{file + ": dry-run can be given on the command line only",
                                              file + ": config can be given on the command line only"});
}

TEST_CASE("what is wrong in a list elsewhere costs itself only") {
  OptionSources sources;
  const std::string file =
      sources.write("pushmetrics/config.toml", "label = [\"worse\", \"a=1\", \"b=2\"]\n");
  const Parsed of_file = read({});
  CHECK(of_file.places.labels == std::vector<Label>{{"a", "1"}, {"b", "2"}});
  CHECK(of_file.reading->problems == Strings{file + ": label: invalid label 'worse': write NAME=VALUE"});
  sources.set("PUSHMETRICS_LABELS", "env=prod,bad,1=2,zone=eu");
  const Parsed of_variable = read({});
  CHECK(of_variable.places.labels == std::vector<Label>{{"env", "prod"}, {"zone", "eu"}});
  REQUIRE(of_variable.reading->problems.size() == 2);
  CHECK(of_variable.reading->problems[0] == "PUSHMETRICS_LABELS: invalid label 'bad': write NAME=VALUE");
  CHECK(of_variable.reading->problems[1].starts_with("PUSHMETRICS_LABELS: invalid label name '1'"));
  REQUIRE(of_variable.reading->sources.size() == 1);
  CHECK(of_variable.reading->sources[0].value == "env=prod zone=eu");
}

TEST_CASE("a list with nothing good in it leaves the next source to count") {
  OptionSources sources;
  sources.write("pushmetrics/config.toml", "label = \"a=1\"\n");
  sources.set("PUSHMETRICS_LABELS", "bad,worse");
  const Parsed parsed = read({});
  CHECK(parsed.places.labels == std::vector<Label>{{"a", "1"}});
  CHECK(parsed.reading->problems.size() == 2);
}

TEST_CASE("a flag's value elsewhere is true or false in capitals, too") {
  OptionSources sources;
  for (const char* yes : {"true", "True", "TRUE", "Yes", "ON", "1"}) {
    CAPTURE(yes);
    sources.set("PUSHMETRICS_INSTANCE_HOSTNAME", yes);
    CHECK(read({}).places.flag);
  }
  sources.write("pushmetrics/config.toml", "instance-hostname = true\n");
  for (const char* no : {"false", "False", "FALSE", "No", "OFF", "0"}) {
    CAPTURE(no);
    sources.set("PUSHMETRICS_INSTANCE_HOSTNAME", no);
    const Parsed parsed = read({});
    CHECK_FALSE(parsed.places.flag);
    CHECK(parsed.reading->problems.empty());
  }
}

TEST_CASE("what is wrong elsewhere is a problem, not an error, and the rest still counts") {
  OptionSources sources;
  const std::string file = sources.write("pushmetrics/config.toml",
                                         "push-timeout = \"2s\"\n%%%garbage{{{\njob = \"good\"\n"
                                         "instance-hostname = maybe\n[run]\nno-such = 1\n");
  sources.set("PUSHMETRICS_PUSH_TIMEOUT", "nonsense");
  const Parsed parsed = read({});
  REQUIRE(parsed.reading);
  CHECK(parsed.places.timeout == 2s);
  CHECK(parsed.places.job == "good");
  CHECK_FALSE(parsed.places.flag);
  const std::string problems = [&] {
    std::string all;
    for (const std::string& problem : parsed.reading->problems) all += problem + "\n";
    return all;
  }();
  CAPTURE(problems);
  CHECK(problems.find("PUSHMETRICS_PUSH_TIMEOUT: invalid duration 'nonsense'") != std::string::npos);
  CHECK(problems.find(file + ": instance-hostname: 'maybe' is neither true nor false") != std::string::npos);
  CHECK(problems.find(file + ": [run] has no option 'no-such'") != std::string::npos);
}

TEST_CASE("a bad line of a configuration file costs no other line") {
  OptionSources sources;
  for (const std::string& bad :
       Strings{"url = [a] b", "url = [a],", "url = \"a", "url [", std::string("url = [a\0", 9)}) {
    CAPTURE(bad);
    const std::string file = sources.write("pushmetrics/config.toml",
                                           bad + "\njob = \"good\"\npush-timeout = 2s\nlabel = [\"a=1\"]\n");
    const Parsed parsed = read({});
    CHECK(parsed.places.job == "good");
    CHECK(parsed.places.timeout == 2s);
    CHECK(parsed.places.labels == std::vector<Label>{{"a", "1"}});
    CHECK(parsed.reading->problems == Strings{file + ": line 1 is neither [section] nor name = value"});
  }
}

TEST_CASE("a file that cannot be read is a problem only when it was asked for or is there") {
  OptionSources sources;
  CHECK(read({}).reading->problems.empty());
  CHECK(read({"--config", "/nowhere/at/all"}).reading->problems ==
        Strings{"/nowhere/at/all cannot be read: No such file or directory"});
  CHECK(read({"--config", "/dev/zero"}).reading->problems ==
        Strings{"/dev/zero cannot be read: it is not a file"});
}

TEST_CASE("sizes are read with their units") {
  CHECK(*parse_bytes("4096") == 4096);
  CHECK(*parse_bytes("64MiB") == 64LL << 20);
  CHECK(*parse_bytes("1G") == 1LL << 30);
  CHECK(*parse_bytes("2KB") == 2048);
  for (const char* text : {"", "K", "-1", "1.5M", "9999999999999999999", "9999999999G", "1T"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text));
  }
}
