#include "sim/sweep/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>

#include "runtime/base/check.hpp"
#include "runtime/base/sha256.hpp"
#include "runtime/base/version.hpp"
#include "runtime/scenario/key_path.hpp"
#include "runtime/scenario/schema.hpp"

namespace millrace {
namespace {

constexpr std::int64_t kApplication = 0x6d696c6c;

std::string figure_columns(std::string_view behind, std::string_view before = "") {
  std::string text;
  for (const auto name : kFigureNames) text += fmt::format("{}{}{}, ", before, name, behind);
  return text;
}

std::string tables() {
  return fmt::format(
      "PRAGMA application_id = {}; PRAGMA user_version = {};"
      "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);"
      "CREATE TABLE cell (position INTEGER PRIMARY KEY, name TEXT, grp TEXT, variant TEXT, replication "
      "INTEGER,"
      " seed INTEGER, cell_key TEXT);"
      "CREATE TABLE setting (position INTEGER, key TEXT, value TEXT, number REAL, unit TEXT,"
      " PRIMARY KEY (position, key));"
      "CREATE TABLE result (cell_key TEXT PRIMARY KEY, finished_utc TEXT, exit_code INTEGER, {}wall_s REAL,"
      " run_directory TEXT, command TEXT, summary TEXT);"
      "CREATE TABLE failure (cell_key TEXT PRIMARY KEY, failed_utc TEXT, attempts INTEGER, exit_code INTEGER,"
      " signal INTEGER, message TEXT, log TEXT);"
      "CREATE VIEW cells AS SELECT cell.position, cell.name, cell.grp, cell.variant, cell.replication, "
      "cell.seed,"
      " cell.cell_key, result.finished_utc, result.exit_code, {}result.wall_s, result.run_directory,"
      " result.command, result.summary FROM cell LEFT JOIN result ON result.cell_key = cell.cell_key;",
      kApplication, SweepStore::kVersion, figure_columns(" REAL"), figure_columns("", "result."));
}

const char* base_unit(Unit unit) {
  switch (unit) {
    case Unit::none:
      return "";
    case Unit::duration:
      return "s";
    case Unit::rate:
      return "bit/s";
    case Unit::size:
      return "B";
    case Unit::speed:
      return "FLOP/s";
    case Unit::image_rate:
      return "/s";
    case Unit::length:
      return "m";
  }
  return "";
}

struct Quantity {
  std::optional<double> number;
  const char* unit = "";
};

Quantity quantity_of(const SweptValue& value) {
  const auto path = find_key_path(scenario_schema(), value.key);
  if (!path || (path->key->kind != ValueKind::exact && path->key->kind != ValueKind::real)) return {};
  const Unit unit = path->key->unit;
  if (path->key->kind == ValueKind::real || unit == Unit::duration) {
    const auto number = parse_real(unit, value.shown);
    return number ? Quantity{*number, base_unit(unit)} : Quantity{};
  }
  const auto number = parse_exact(unit, value.shown);
  return number ? Quantity{static_cast<double>(*number), base_unit(unit)} : Quantity{};
}

Result<std::int64_t> pragma(Sqlite& sqlite, const char* name) {
  auto statement = sqlite.prepare(fmt::format("PRAGMA {}", name));
  if (!statement) return statement.error();
  const auto row = statement->step();
  if (!row) return row.error();
  return *row ? statement->integer(0) : 0;
}

std::optional<int> small(const SqliteStatement& row, int column) {
  if (row.is_nothing(column)) return std::nullopt;
  return static_cast<int>(row.integer(column));
}

void bind_small(SqliteStatement& statement, int place, const std::optional<int>& value) {
  value ? statement.bind(place, std::int64_t{*value}) : statement.bind_nothing(place);
}

}  // namespace

Result<SweepStore> SweepStore::open(const std::string& path) {
  auto sqlite = Sqlite::open(path);
  if (!sqlite) return sqlite.error();
  // Committed results must be on the disk, even if the power fails.
  if (auto set = sqlite->run("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"); !set)
    return set.error().in("opening the results of earlier runs");
  const auto application = pragma(*sqlite, "application_id"), version = pragma(*sqlite, "user_version"),
             schema = pragma(*sqlite, "schema_version");
  for (const auto* asked : {&application, &version, &schema}) {
    if (!*asked) return asked->error();
  }
  SweepStore store(std::move(*sqlite));
  if (*application == 0 && *version == 0 && *schema == 0) {
    if (auto made = store.make_tables(); !made) return made.error();
    return store;
  }
  if (*application != kApplication)
    return Error{path + ": holds no sweep; choose another folder with --out", ExitCode::usage};
  if (*version != kVersion)
    return Error{
        fmt::format("{}: is of version {}, this release writes version {}; choose another folder with "
                    "--out, or move the file away",
                    path, *version, kVersion),
        ExitCode::usage};
  return store;
}

Result<void> SweepStore::in_transaction(const std::function<Result<void>()>& work) {
  if (auto begun = sqlite_.run("BEGIN IMMEDIATE"); !begun) return begun;
  auto done = work();
  if (done) return sqlite_.run("COMMIT");
  (void)sqlite_.run("ROLLBACK");
  return done;
}

Result<void> SweepStore::make_tables() {
  return in_transaction([&] { return sqlite_.run(tables()); });
}

Result<void> SweepStore::belongs_to(const std::string& file) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> meta;
  auto statement = sqlite_.prepare("SELECT key, value FROM meta");
  if (!statement) return statement.error();
  while (true) {
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row) break;
    meta[statement->text(0)] = statement->text(1);
  }
  const std::string owner = meta["file"];
  std::error_code ignored;
  if (owner.empty() || !fs::exists(owner, ignored) || fs::equivalent(owner, file, ignored)) return {};
  if (const auto hash = sha256_of_file(file); hash && *hash == meta["file_sha256"]) return {};
  return Error{
      fmt::format(
          "it holds the sweep of {}, whose tables that of {} would replace; choose another folder with "
          "--out, give the scenario another name, or go on here with --take-over",
          owner, file),
      ExitCode::usage};
}

Result<void> SweepStore::describe(const SweepPlan& plan, const std::string& file) {
  const auto hash = sha256_of_file(file);
  return in_transaction([&]() -> Result<void> {
    if (auto cleared = sqlite_.run("DELETE FROM cell; DELETE FROM setting; DELETE FROM meta;"); !cleared)
      return cleared;
    auto meta = sqlite_.prepare("INSERT INTO meta VALUES (?, ?)");
    if (!meta) return meta.error();
    for (const auto& [key, value] : {std::pair<std::string, std::string>("name", plan.name),
                                     {"file", std::filesystem::absolute(file).lexically_normal().string()},
                                     {"file_sha256", hash ? *hash : std::string()},
                                     {"release", kRelease}}) {
      if (auto done = meta->bind(1, key).bind(2, value).run(); !done) return done;
    }
    for (const PlannedCell& planned : plan.cells) {
      if (auto done = describe_cell(planned); !done) return done;
    }
    return {};
  });
}

Result<void> SweepStore::describe_cell(const PlannedCell& planned) {
  auto cell = sqlite_.prepare("INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?)");
  auto setting = sqlite_.prepare("INSERT INTO setting VALUES (?, ?, ?, ?, ?)");
  for (const auto* prepared : {&cell, &setting}) {
    if (!*prepared) return prepared->error();
  }
  const auto position = static_cast<std::int64_t>(planned.cell.position);
  cell->bind(1, position).bind(2, planned.cell.name).bind(3, planned.cell.group);
  cell->bind(4, planned.cell.variant).bind(5, static_cast<std::int64_t>(planned.cell.replication));
  cell->bind(6, static_cast<std::int64_t>(planned.scenario.run.seed)).bind(7, planned.key);
  if (auto done = cell->run(); !done) return done;
  for (const SweptValue& value : planned.cell.settings) {
    const auto quantity = quantity_of(value);
    setting->bind(1, position).bind(2, value.key).bind(3, value.shown).bind(4, quantity.number);
    if (auto done = setting->bind(5, quantity.unit).run(); !done) return done;
  }
  return {};
}

Result<std::set<std::string>> SweepStore::finished_keys() {
  auto statement = sqlite_.prepare("SELECT cell_key FROM result");
  if (!statement) return statement.error();
  std::set<std::string> keys;
  while (true) {
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row) return keys;
    keys.insert(statement->text(0));
  }
}

Result<void> SweepStore::record(const FinishedRun& run, std::optional<int> exit_code) {
  MR_CHECK(run.summary.complete, "only finished runs are results");
  constexpr int kBefore = 3, kFigures = static_cast<int>(kFigureNames.size());
  std::string places = "?";
  for (int i = 1; i < kBefore + kFigures + 4; ++i) places += ", ?";
  return in_transaction([&]() -> Result<void> {
    auto result = sqlite_.prepare("INSERT OR REPLACE INTO result VALUES (" + places + ")");
    auto failure = sqlite_.prepare("DELETE FROM failure WHERE cell_key = ?");
    for (const auto* prepared : {&result, &failure}) {
      if (!*prepared) return prepared->error();
    }
    result->bind(1, run.key).bind(2, run.finished_utc);
    bind_small(*result, 3, exit_code);
    for (int i = 0; i < kFigures; ++i)
      result->bind(kBefore + 1 + i, run.summary.figures[static_cast<std::size_t>(i)]);
    const int behind = kBefore + kFigures;
    result->bind(behind + 1, run.wall_s).bind(behind + 2, run.directory).bind(behind + 3, run.command);
    result->bind(behind + 4, run.summary.json);
    if (auto done = result->run(); !done) return done;
    return failure->bind(1, run.key).run();
  });
}

Result<void> SweepStore::record(const CellFailure& failure) {
  return in_transaction([&]() -> Result<void> {
    auto statement = sqlite_.prepare(
        "INSERT INTO failure VALUES (?, ?, 1, ?, ?, ?, ?) ON CONFLICT (cell_key) DO UPDATE SET failed_utc ="
        " excluded.failed_utc, attempts = attempts + 1, exit_code = excluded.exit_code, signal ="
        " excluded.signal, message = excluded.message, log = excluded.log");
    if (!statement) return statement.error();
    statement->bind(1, failure.key).bind(2, failure.failed_utc);
    bind_small(*statement, 3, failure.exit_code);
    bind_small(*statement, 4, failure.signal);
    return statement->bind(5, failure.message).bind(6, failure.log).run();
  });
}

Result<std::vector<CellRow>> SweepStore::rows() {
  auto statement = sqlite_.prepare(
      "SELECT cells.summary IS NOT NULL, failure.message, cells.exit_code, failure.exit_code, cells.wall_s,"
      " cells.run_directory, " +
      figure_columns("", "cells.") +
      "1 FROM cells LEFT JOIN failure ON failure.cell_key = cells.cell_key ORDER BY cells.position");
  if (!statement) return statement.error();
  std::vector<CellRow> rows;
  while (true) {
    const auto more = statement->step();
    if (!more) return more.error();
    if (!*more) return rows;
    CellRow row;
    row.finished = statement->integer(0) != 0;
    row.failed = !row.finished && !statement->is_nothing(1);
    row.message = row.failed ? statement->text(1) : "";
    row.exit_code = small(*statement, row.finished ? 2 : 3);
    row.wall_s = statement->real(4);
    row.run_directory = statement->text(5);
    for (std::size_t i = 0; i < kFigureNames.size(); ++i)
      row.figures[i] = statement->real(6 + static_cast<int>(i));
    rows.push_back(std::move(row));
  }
}

}  // namespace millrace
