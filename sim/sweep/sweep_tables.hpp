// The results of a sweep as CSV (RFC 4180): cells.csv, one row per cell, and groups.csv, one row per group of
// replications with means and 95 % confidence intervals. Numbers are written so that they read back exactly.
#pragma once

#include <string>
#include <vector>

#include "sim/sweep/store.hpp"
#include "sim/sweep/sweep_plan.hpp"

namespace millrace {

// REQUIRES one row per cell of the plan. `status` is finished, failed or missing.
std::string cells_csv(const SweepPlan& plan, const std::vector<CellRow>& rows);
// Columns FIGURE and, where there are replications, FIGURE_ci95 (half the width; empty below two values). `n`
// counts the finished cells.
std::string groups_csv(const SweepPlan& plan, const std::vector<CellRow>& rows);

// For people: a line per group, with the most important figures.
std::string groups_text(const SweepPlan& plan, const std::vector<CellRow>& rows);

// Whether there are replications and all of them are equal: then nothing in the scenario is random.
bool replications_are_equal(const SweepPlan& plan, const std::vector<CellRow>& rows);

}  // namespace millrace
