#include "runtime/yaml/quantity.hpp"

#include <gtest/gtest.h>

#include "runtime/base/random.hpp"
#include "runtime/yaml/decimal.hpp"

namespace millrace {
namespace {

struct Exact {
  Unit unit;
  const char* text;
  std::int64_t value;
};

TEST(Quantity, ReadsUnitsExactly) {
  for (const auto& [unit, text, value] : {Exact{Unit::duration, "1 ns", 1},
                                          {Unit::duration, "0.2 ms", 200'000},
                                          {Unit::duration, "5ms", 5'000'000},
                                          {Unit::duration, "1.000000001 s", 1'000'000'001},
                                          {Unit::duration, "2 min", 120'000'000'000},
                                          {Unit::duration, "0.5 h", 1'800'000'000'000},
                                          {Unit::duration, "0.10 us", 100},
                                          {Unit::duration, "-1 ms", -1'000'000},
                                          {Unit::rate, "20 Mbit/s", 20'000'000},
                                          {Unit::rate, "1.5 kbit/s", 1'500},
                                          {Unit::rate, "1 Gbit/s", 1'000'000'000},
                                          {Unit::rate, "0.001 Tbit/s", 1'000'000'000},
                                          {Unit::rate, "7 bit/s", 7},
                                          {Unit::size, "64 KiB", 65'536},
                                          {Unit::size, "64 kB", 64'000},
                                          {Unit::size, "1.5 GiB", 1'610'612'736},
                                          {Unit::size, "0.5 KiB", 512},
                                          {Unit::size, "3 MiB", 3'145'728},
                                          {Unit::size, "3 MB", 3'000'000},
                                          {Unit::size, "2 GB", 2'000'000'000},
                                          {Unit::size, "9 B", 9},
                                          {Unit::none, "-12", -12},
                                          {Unit::none, "9223372036854775807", 9'223'372'036'854'775'807},
                                          {Unit::none, "8.0", 8}}) {
    const auto read = parse_exact(unit, text);
    ASSERT_TRUE(read) << text << ": " << read.error().message;
    EXPECT_EQ(*read, value) << text;
  }
}

struct Fault {
  Unit unit;
  const char* text;
  const char* message;
};

TEST(Quantity, RefusesWithAdvice) {
  for (
      const auto& [unit, text, message] :
      {Fault{Unit::rate, "20 MB/s", "is a rate in bits, and \"20 MB/s\" is in bytes: write 160 Mbit/s"},
       {Unit::rate, "1 KiB/s", "is a rate in bits, and \"1 KiB/s\" is in bytes: write 8192 bit/s"},
       {Unit::rate, "20 Mbps", "has no unit \"Mbps\"; did you mean \"20 Mbit/s\"?"},
       {Unit::rate, "20 mbit/s", "has no unit \"mbit/s\"; did you mean \"20 Mbit/s\"?"},
       {Unit::rate, "20",
        "needs a unit (bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s), for example 20 Mbit/s, got \"20\""},
       {Unit::duration, "5", "needs a unit (ns, us, ms, s, min, h), for example 5 ms, got \"5\""},
       {Unit::duration, "5 parsecs", "has no unit \"parsecs\"; write one of ns, us, ms, s, min, h"},
       {Unit::duration, "5 sec", "has no unit \"sec\"; did you mean \"5 s\"?"},
       {Unit::duration, "0.5 ns", "must be a whole number of ns, got \"0.5 ns\""},
       {Unit::duration, "3000000 h", "is too large, got \"3000000 h\""},
       {Unit::duration, "1e3 ms", "must be written without an exponent, got \"1e3 ms\""},
       {Unit::duration, "ms", "must be a number, got \"ms\""},
       {Unit::duration, "1.2.3 s", "must be a number, got \"1.2.3\""},
       {Unit::rate, "10 MBps", "is a rate in bits, and \"10 MBps\" is in bytes: write 80 Mbit/s"},
       {Unit::rate, "10 KBps", "is a rate in bits, and \"10 KBps\" is in bytes: write 80 kbit/s"},
       {Unit::rate, "1 GBps", "is a rate in bits, and \"1 GBps\" is in bytes: write 8 Gbit/s"},
       {Unit::rate, "10 MB/sec", "is a rate in bits, and \"10 MB/sec\" is in bytes: write 80 Mbit/s"},
       {Unit::rate, "10 MBytes/sec", "is a rate in bits, and \"10 MBytes/sec\" is in bytes: write 80 Mbit/s"},
       {Unit::rate, "1.5 kbyte/s", "is a rate in bits, and \"1.5 kbyte/s\" is in bytes: write 12 kbit/s"},
       {Unit::rate, "2 MiBps", "is a rate in bits, and \"2 MiBps\" is in bytes: write 16777216 bit/s"},
       {Unit::rate, "10 MB", "is a rate in bits, and \"10 MB\" is in bytes: write 80 Mbit/s"},
       {Unit::rate, "10 MBPS",
        "has no unit \"MBPS\": write 10 Mbit/s if it is of bits, 80 Mbit/s if it is of bytes"},
       {Unit::rate, "10 mb/s", "has no unit \"mb/s\"; did you mean \"10 Mbit/s\"?"},
       {Unit::rate, "10 mbps", "has no unit \"mbps\"; did you mean \"10 Mbit/s\"?"},
       {Unit::rate, "10 Mb", "has no unit \"Mb\"; did you mean \"10 Mbit/s\"?"},
       {Unit::rate, "10 kbit", "has no unit \"kbit\"; did you mean \"10 kbit/s\"?"},
       {Unit::rate, "10 Kbits/sec", "has no unit \"Kbits/sec\"; did you mean \"10 kbit/s\"?"},
       {Unit::duration, "10 m",
        "has no unit \"m\", which is ms to some and min to others; write \"10 ms\" or \"10 min\""},
       {Unit::size, "64 Kbit", "is a size in bytes, and \"64 Kbit\" is in bits: write 8000 B"},
       {Unit::size, "64 Mb",
        "has no unit \"Mb\": write 64 MB or 64 MiB if it is of bytes, 8000000 B if it is of bits"},
       {Unit::size, "64 KB",
        "has no unit \"KB\", which is of powers of 1000 to some and of 1024 to others; write 64 kB or 64 "
        "KiB"},
       {Unit::size, "64 M",
        "has no unit \"M\", which is of powers of 1000 to some and of 1024 to others; write 64 MB or 64 MiB"},
       {Unit::size, "64 mib", "has no unit \"mib\"; did you mean \"64 MiB\"?"},
       {Unit::image_rate, "10 fps", "has no unit \"fps\"; did you mean \"10 /s\"?"},
       {Unit::size, "0.3 B", "must be a whole number of B, got \"0.3 B\""},
       {Unit::none, "8.5", "must be a whole number, got \"8.5\""},
       {Unit::none, "010", "must not begin with 0, which YAML 1.1 reads as octal, got \"010\""},
       {Unit::none, "0x10", "must be written in decimal digits, got \"0x10\""},
       {Unit::none, "1_000", "must be written without _ or , between digits, got \"1_000\""},
       {Unit::none, "1e3", "must be written without an exponent, got \"1e3\""},
       {Unit::none, "+5", "must be written without +, got \"+5\""},
       {Unit::none, ".5", "needs digits on both sides of the decimal point, got \".5\""},
       {Unit::none, ".inf", "must be a finite number, got \".inf\""},
       {Unit::none, "9223372036854775808", "is too large, got \"9223372036854775808\""},
       {Unit::none, "8 images", "must be a number, got \"8 images\""},
       {Unit::none, "-", "must be a number, got \"-\""},
       {Unit::none, "", "needs a number, got nothing"},
       {Unit::none, "٣", "must be a number, got \"٣\""}}) {
    const auto read = parse_exact(unit, text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().message, message);
    EXPECT_EQ(read.error().code, ExitCode::invalid_input);
  }
}

TEST(Quantity, ReadsRealNumbersCorrectlyRounded) {
  EXPECT_EQ(parse_real(Unit::none, "0.1").value(), 0.1);
  EXPECT_EQ(parse_real(Unit::speed, "8 GFLOP/s").value(), 8e9);
  EXPECT_EQ(parse_real(Unit::speed, "0.3 TFLOP/s").value(), 0.3e12);
  EXPECT_EQ(parse_real(Unit::image_rate, "9.5 /s").value(), 9.5);
  EXPECT_EQ(parse_real(Unit::duration, "250 ms").value(), 0.25);
  EXPECT_FALSE(parse_real(Unit::none, "1e-3"));
  EXPECT_EQ(parse_real(Unit::speed, "8 GFLOPS").error().message,
            "has no unit \"GFLOPS\"; did you mean \"8 GFLOP/s\"?");
  EXPECT_EQ(parse_real(Unit::none, std::string(401, '1')).error().message.substr(0, 31),
            "is longer than 400 characters, ");
}

TEST(Quantity, WritesTheLargestUnitThatIsExact) {
  EXPECT_EQ(format_exact(Unit::duration, 0), "0 ns");
  EXPECT_EQ(format_exact(Unit::duration, 200'000), "200 us");
  EXPECT_EQ(format_exact(Unit::rate, 20'000'000), "20 Mbit/s");
  EXPECT_EQ(format_exact(Unit::size, 65'536), "64 KiB");
  EXPECT_EQ(format_exact(Unit::size, 1'500), "1500 B");
  EXPECT_EQ(format_real(Unit::speed, 8e9), "8 GFLOP/s");
  EXPECT_EQ(format_real(Unit::none, 0.05), "0.05");
  EXPECT_EQ(format_real(Unit::duration, 0.25), "250 ms");
}

TEST(Quantity, WhatIsWrittenReadsBackTheSame) {
  Random random(1, "quantities");
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::int64_t>(random.next() >> (1 + random.below(63)));
    for (const Unit unit : {Unit::none, Unit::duration, Unit::rate, Unit::size})
      ASSERT_EQ(parse_exact(unit, format_exact(unit, value)).value(), value);
    const double real = random.uniform() * static_cast<double>(std::uint64_t{1} << random.below(60));
    for (const Unit unit : {Unit::none, Unit::speed, Unit::image_rate})
      ASSERT_EQ(parse_real(unit, format_real(unit, real)).value(), real);
  }
}

TEST(Quantity, KnowsWhatYamlWouldNotReadAsText) {
  for (const char* text : {"no",   "Yes", "on",   "OFF",  "y",     "true", "null", "~",     "010",  "1",
                           "-1.5", "1e3", "0x1F", "0b01", "1_000", "1:30", ".inf", "-.inf", ".nan", "1.5e+3"})
    EXPECT_TRUE(surprises_as_text(text)) << text;
  for (const char* text : {"none", "board-a", "3boards", "e5", "1-2", "v1.2", "0xfg", "nope", "-", "yes1"})
    EXPECT_FALSE(surprises_as_text(text)) << text;
}

}  // namespace
}  // namespace millrace
