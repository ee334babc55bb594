#include "sim/sweep/sqlite.hpp"

#include <sqlite3.h>

namespace millrace {
namespace {

// Readers of a sweep that is under way hold the file for moments only.
constexpr int kBusyMs = 10'000;

Error failure(const std::string& path, sqlite3* connection) {
  return {path + ": " + (connection == nullptr ? "out of memory" : sqlite3_errmsg(connection))};
}

}  // namespace

void SqliteStatement::Finalizer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Sqlite::Closer::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

SqliteStatement& SqliteStatement::bind(int place, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::bind(int place, std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), place, number);
  return *this;
}

SqliteStatement& SqliteStatement::bind(int place, const std::optional<double>& number) {
  if (!number) return bind_nothing(place);
  sqlite3_bind_double(statement_.get(), place, *number);
  return *this;
}

SqliteStatement& SqliteStatement::bind_nothing(int place) {
  sqlite3_bind_null(statement_.get(), place);
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  std::optional<Error> error;
  if (code != SQLITE_DONE) error = failure(path_, sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  if (error) return *error;
  return false;
}

Result<void> SqliteStatement::run() {
  const auto row = step();
  return row ? Result<void>() : row.error();
}

std::string SqliteStatement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<double> SqliteStatement::real(int column) const {
  if (is_nothing(column)) return std::nullopt;
  return sqlite3_column_double(statement_.get(), column);
}

bool SqliteStatement::is_nothing(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Sqlite> Sqlite::open(const std::string& path) {
  sqlite3* connection = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Sqlite sqlite(path, connection);
  if (code != SQLITE_OK) return failure(path, connection);
  sqlite3_busy_timeout(connection, kBusyMs);
  return sqlite;
}

Result<SqliteStatement> Sqlite::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return failure(path_, connection_.get());
  return SqliteStatement(path_, statement);
}

Result<void> Sqlite::run(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure(path_, connection_.get());
  return {};
}

}  // namespace millrace
