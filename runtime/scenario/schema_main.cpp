// millrace-schema FOLDER: writes FOLDER/millrace.schema.json and the key reference in FOLDER/README.md from
// the table of keys. Run it with `scenarios` after changing schema_table.cpp; a test compares.
#include "runtime/base/log.hpp"
#include "runtime/base/output_file.hpp"
#include "runtime/scenario/schema_document.hpp"
#include "runtime/yaml/strict_yaml.hpp"

namespace {

bool write_file(const std::string& path, const std::string& text) {
  const auto written = millrace::write_output(path, text);
  if (!written) millrace::log_error("{}", written.error().message);
  return written.ok();
}

int write_documents(const std::string& folder) {
  const auto& schema = millrace::scenario_schema();
  const std::string readme = folder + "/README.md";
  const auto old_page = millrace::read_text_file(readme);
  if (!old_page) return millrace::log_error("{}: {}", readme, old_page.error().message), 1;
  const auto page = millrace::with_reference(*old_page, millrace::key_reference(schema));
  if (!page) return millrace::log_error("{}: {}", readme, page.error().message), 1;
  const bool written = write_file(readme, *page) &&
                       write_file(folder + "/millrace.schema.json", millrace::json_schema(schema));
  return written ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    millrace::log_error("usage: millrace-schema FOLDER, where FOLDER holds README.md");
    return 2;
  }
  try {
    return write_documents(arguments[1]);
  } catch (const std::exception& error) {
    millrace::log_error("{}", error.what());
    return 1;
  }
}
