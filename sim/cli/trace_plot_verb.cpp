#include <memory>

#include "sim/cli/picture_script.hpp"
#include "sim/cli/trace_verbs.hpp"

namespace millrace {

Verb trace_plot_verb(CLI::App& trace) {
  struct Arguments {
    std::string out;
    std::vector<std::string> files;
  };
  auto arguments = std::make_shared<Arguments>();
  auto& command = *trace.add_subcommand(
      "plot", "draw traces as a PNG: rate over time, distribution over 1 s, autocorrelation");
  command.add_option("OUT", arguments->out, "the picture, .png (or .svg, .pdf); - is stdout")->required();
  command.add_option("FILES", arguments->files, "traces of any format that needs no further options")
      ->required();
  return {&command, [arguments] {
            std::vector<std::string> words{arguments->out};
            words.insert(words.end(), arguments->files.begin(), arguments->files.end());
            return become_picture_script("trace.py", words);
          }};
}

}  // namespace millrace
