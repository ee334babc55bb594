#include "sim/run/csv_file.hpp"

namespace millrace {

Result<CsvFile> CsvFile::create(const std::string& path, const std::string& header) {
  auto file = AppendFile::create(path);
  if (!file) return file.error();
  CsvFile csv(std::move(*file));
  csv.file_.append(header + "\n");
  csv.flush();
  if (auto sound = csv.check(); !sound) return sound.error();
  return csv;
}

}  // namespace millrace
