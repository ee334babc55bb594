#include <memory>

#include "sim/cli/picture_script.hpp"
#include "sim/cli/verb.hpp"

namespace millrace {
namespace {

struct ReportArguments {
  std::vector<std::string> runs, spans;
  std::string html, pdf, svg, png, width, over;
};

int report(const ReportArguments& arguments) {
  std::vector<std::string> words;
  const auto pass_on = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  pass_on("--html", arguments.html);
  pass_on("--pdf", arguments.pdf);
  pass_on("--svg", arguments.svg);
  pass_on("--png", arguments.png);
  pass_on("--width", arguments.width);
  pass_on("--over", arguments.over);
  for (const auto& span : arguments.spans) pass_on("--span", span);
  words.emplace_back("--");
  words.insert(words.end(), arguments.runs.begin(), arguments.runs.end());
  return become_picture_script("report_verb.py", words);
}

}  // namespace

Verb add_report_verb(CLI::App& program, const std::vector<std::string>&) {
  auto arguments = std::make_shared<ReportArguments>();
  auto& command =
      *program.add_subcommand("report", "make a page, or figures for papers, of runs or of a sweep");
  command.add_option("RUN", arguments->runs, "run directories, or one sweep's folder")
      ->required()
      ->expected(1, 100)
      ->type_name("");
  command.add_option("--html", arguments->html, "where the page goes (default: report.html in the folder)")
      ->type_name("FILE");
  command
      .add_option("--span", arguments->spans,
                  "seconds that a page of a long run keeps microbatch by microbatch in any case")
      ->type_name("BEGIN,END")
      ->allow_extra_args(false);
  command.add_option("--pdf", arguments->pdf, "figures for papers into this folder, fonts embedded")
      ->type_name("DIR");
  command.add_option("--svg", arguments->svg, "the same as SVG")->type_name("DIR");
  command.add_option("--png", arguments->png, "the same as PNG, 300 dots per inch")->type_name("DIR");
  command
      .add_option("--width", arguments->width,
                  "of figures: column (3.5 inches, the default), page (7.16), or inches")
      ->type_name("WIDTH");
  command.add_option("--over", arguments->over, "of a sweep's figures: the key on the horizontal axis")
      ->type_name("KEY");
  command.footer(
      "One HTML file that works offline: figures with their caveats, everything over one time axis, the\n"
      "pipeline microbatch by microbatch, critical paths, latency, decisions, the network, the scenario.\n"
      "Of several runs also what differs; of a sweep any figure over any key, and parallel coordinates.\n"
      "With --pdf, --svg or --png there is a page only where --html asks for it.\n"
      "Exit codes: 0 ok, 1 the page cannot be written, 2 usage, 3 a run cannot be read.\n"
      "Examples:\n"
      "  millrace report runs/mine\n"
      "  millrace report runs/simulated runs/deployed --html both.html\n"
      "  millrace report sweeps/sweep-example\n"
      "  millrace report runs/mine --pdf figures --width page");
  return {&command, [arguments] { return report(*arguments); }};
}

}  // namespace millrace
