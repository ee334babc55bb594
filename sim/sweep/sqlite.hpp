// A thin wrapper of SQLite: a connection and a statement that clean up after themselves. Every failure
// becomes an Error that names the file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace millrace {

class SqliteStatement {
 public:
  // Places count from 1. Texts are copied.
  SqliteStatement& bind(int place, std::string_view text);
  SqliteStatement& bind(int place, std::int64_t number);
  SqliteStatement& bind(int place, const std::optional<double>& number);
  SqliteStatement& bind_nothing(int place);

  // Whether there is another row. After the last row, or an error, the statement can be bound and run again.
  Result<bool> step();
  // Runs the statement for its effect.
  Result<void> run();

  // Of the current row; columns count from 0.
  std::string text(int column) const;
  std::int64_t integer(int column) const;
  std::optional<double> real(int column) const;
  bool is_nothing(int column) const;

 private:
  friend class Sqlite;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  SqliteStatement(std::string path, sqlite3_stmt* statement)
      : path_(std::move(path)), statement_(statement) {}
  std::string path_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

class Sqlite {
 public:
  static Result<Sqlite> open(const std::string& path);
  Result<SqliteStatement> prepare(std::string_view sql);
  // One or several statements without results.
  Result<void> run(const std::string& sql);

 private:
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  Sqlite(std::string path, sqlite3* connection) : path_(std::move(path)), connection_(connection) {}
  std::string path_;
  std::unique_ptr<sqlite3, Closer> connection_;
};

}  // namespace millrace
