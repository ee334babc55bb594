#include <gtest/gtest.h>

#include "tests/scenario/scenario_text.hpp"

namespace millrace {
namespace {

TEST(ScenarioChecks, ModelDimensionsAgree) {
  EXPECT_EQ(faults(changed("{name: vit-tiny}", "{name: vit-tiny, heads: 5}")).substr(0, 20),
            "s.yaml:3:8: model: m");
}

TEST(ScenarioChecks, DimensionsAreThoseOfTheFamily) {
  EXPECT_EQ(faults(changed("{name: vit-tiny}", "{name: bert-base, sequence: 64}")), "");
  EXPECT_EQ(faults(changed("{name: vit-tiny}", "{name: kwt-1, frames: 49, coefficients: 20}")), "");
  EXPECT_EQ(faults(changed("{name: vit-tiny}", "{name: bert-base, image_size: 64}")),
            "s.yaml:3:8: model: model \"bert-base\": image_size is no dimension of the bert family; remove "
            "it\n");
  EXPECT_EQ(faults(changed("{name: vit-tiny}", "{name: bert-base, sequence: 600}")),
            "s.yaml:3:8: model: model \"bert-base\": sequence 600 must not exceed positions 512\n");
}

TEST(ScenarioChecks, DatasetsInFilesAreThoseOfTheFamily) {
  const auto fault = [](const std::string& model, const std::string& dataset) {
    const std::string text = with(changed("{images: 10}", "{dataset: '" + dataset + "'}"), "vit-tiny", model);
    return to_string(read_scenario_text(text, "s.yaml", "", {.files = FileCheck::leave_as_written}).problems);
  };
  for (const char* model : {"vit-tiny", "kwt-1", "bert-base"}) EXPECT_EQ(fault(model, "synthetic"), "");
  EXPECT_EQ(fault("deit-tiny", "image-folder:x"), "");
  EXPECT_EQ(fault("kwt-1", "features:x"), "");
  EXPECT_EQ(fault("bert-large", "tokens:x"), "");
  EXPECT_EQ(
      fault("vit-tiny", "tokens:x"),
      "s.yaml:4:21: workload.dataset tokens: is for models of the bert family, vit-tiny is of vit; give "
      "it another one, or synthetic\n");
  EXPECT_EQ(fault("bert-base", "features:x"),
            "s.yaml:4:21: workload.dataset features: is for models of the kwt family, bert-base is of bert; "
            "give it another one, or synthetic\n");
  EXPECT_EQ(fault("kwt-1", "shapes"),
            "s.yaml:4:21: workload.dataset shapes is for models of the vit family, kwt-1 is of kwt; give it "
            "another one, or synthetic\n");
}

TEST(ScenarioChecks, ShapesNeedsAModelThatTellsThemApart) {
  const std::string shapes = changed("{images: 10}", "{dataset: shapes}");
  EXPECT_EQ(faults(shapes, {"model.classes=12"}), "");
  EXPECT_EQ(faults(shapes, {"model.classes=11"}),
            "s.yaml:4:21: workload.dataset shapes has 12 classes, the model tells only 11 apart; raise "
            "model.classes, or take synthetic\n");
}

TEST(ScenarioChecks, DeviceNamesAreUnique) {
  EXPECT_EQ(faults(changed("name: board-b", "name: board-a")),
            "s.yaml:8:12: device name \"board-a\" is taken by devices[1]; names are unique\n");
}

TEST(ScenarioChecks, OneSourceOneSinkAndAStage) {
  EXPECT_EQ(faults(changed(", runs: [source, sink]", "")),
            "s.yaml:6:3: no device is the source; write runs: [source] for the one that is\n"
            "s.yaml:6:3: no device is the sink; write runs: [sink] for the one that is\n");
  EXPECT_EQ(faults(changed("speed: 4 GFLOP/s", "runs: [sink]")),
            "s.yaml:8:27: devices[0] is the sink already; exactly one device is\n");
  EXPECT_EQ(faults(changed("[source, sink]", "[source, source, sink]")),
            "s.yaml:6:26: devices[0].runs names source twice; once is enough\n");
  EXPECT_EQ(
      faults("{millrace: 1, name: x, model: {name: vit-tiny}, devices: [{name: a, runs: [source, sink]}]}"),
      "s.yaml:1:58: no device runs stages; leave `runs` out of those that compute, or add stage to it\n");
}

TEST(ScenarioChecks, LinksConnectTwoDevicesOnce) {
  EXPECT_EQ(faults(changed("[camera, board-a]", "[camera, bord-a]")),
            "s.yaml:11:26: network.links[0].between[1] names \"bord-a\", which is not a device; did you mean "
            "\"board-a\"?\n");
  EXPECT_EQ(
      faults(changed("[camera, board-a]", "[camera, moon]")),
      "s.yaml:11:26: network.links[0].between[1] names \"moon\", which is not a device; add it to devices\n");
  EXPECT_EQ(faults(changed("[camera, board-a]", "[camera, camera]")),
            "s.yaml:11:26: network.links[0] connects camera to itself; name two devices\n");
  EXPECT_EQ(
      faults(with(kGoodScenario, "policy:", "    - {from: board-a, to: camera, rate: 1 Mbit/s}\npolicy:")),
      "s.yaml:14:7: network.links[0] connects board-a to camera already; one link per direction\n");
  EXPECT_EQ(faults(changed("delay: 5 ms", "queue: 1 kB")),
            "s.yaml:12:61: network.links[1].queue must hold a packet of network.mtu, 1500 B, got 1000 B\n");
}

TEST(ScenarioChecks, EventsChangeLinksThatThereAre) {
  const auto with_event = [](const std::string& event) {
    return kGoodScenario + "events: [{" + event + "}]\n";
  };
  EXPECT_EQ(faults(with_event("at: 1 s, link: board-a-board-b, state: down")), "");
  EXPECT_EQ(faults(with_event("at: 1 s, from: board-a, to: board-b, rate: 1 Mbit/s, loss: 0.1")), "");
  EXPECT_EQ(faults(with_event("at: 1 s, link: board-a-board-b")),
            "s.yaml:17:10: events[0] changes nothing; give it state, rate, trace, delay or loss\n");
  EXPECT_EQ(faults(with_event("at: 1 s, link: board-a-board-c, state: up")),
            "s.yaml:17:10: events[0].link joins no two devices that have a link; write it as a-b, or as a->b "
            "for one "
            "direction\n");
  EXPECT_EQ(faults(with_event("at: 1 s, from: board-a, to: board-a, delay: 1 ms")),
            "s.yaml:17:10: events[0] is of a link from board-a to board-a, which is not in network.links\n");
}

TEST(ScenarioChecks, ATextThatMeansTwoLinksIsRefusedWithBoth) {
  // a-b with c, and a with b-c.
  const std::string text =
      "millrace: 1\nname: net\nmodel: {name: vit-tiny}\ndevices:\n  - {name: a, runs: [source, sink]}\n"
      "  - {name: a-b, speed: 1 GFLOP/s}\n  - {name: c, speed: 1 GFLOP/s}\n  - {name: b-c, speed: 1 "
      "GFLOP/s}\n"
      "network:\n  links:\n    - {between: [a, a-b], rate: 1 Mbit/s}\n    - {between: [a-b, c], rate: 1 "
      "Mbit/s}\n"
      "    - {between: [c, b-c], rate: 1 Mbit/s}\n    - {between: [b-c, a], rate: 1 Mbit/s}\n";
  const std::string two =
      "\"a-b-c\" is two links: a with b-c, and a-b with c; write a<->b-c or a-b<->c, or -> for one "
      "direction\n";
  EXPECT_EQ(faults(text + "events: [{at: 1 s, link: a-b-c, state: down}]\n"),
            "s.yaml:15:26: events[0].link " + two);
  EXPECT_EQ(faults(text + "run: {pcap: [a-b-c]}\n"), "s.yaml:15:14: run.pcap[0] " + two);
  EXPECT_EQ(faults(text + "run: {pcap: [a->b-c, a-b<->c, c<->a-b, a-a-b]}\n"), "");
  const auto one = read(text + "events: [{at: 1 s, link: a->b-c, state: down}]\n").scenario.value();
  ASSERT_EQ(one.events.size(), 1U);
  EXPECT_EQ(one.events[0].to, "b-c");
  const auto both = read(text + "events: [{at: 1 s, link: c<->a-b, state: down}]\n").scenario.value();
  ASSERT_EQ(both.events.size(), 2U);
  EXPECT_EQ(both.events[0].from, "a-b");
}

TEST(ScenarioChecks, AMicrobatchHasAsManyImagesAsAnExecutorTakes) {
  EXPECT_EQ(faults(changed("{name: vit-tiny}", "{name: vit-tiny, microbatch: 4096}")), "");
  EXPECT_EQ(faults(changed("{name: vit-tiny}", "{name: vit-tiny, microbatch: 4097}")),
            "s.yaml:3:37: model.microbatch must be integer, 1 to 4096, got \"4097\"\n");
}

TEST(ScenarioChecks, RatesEndAt1000TbitPerSecondWhereverTheyAreWritten) {
  for (const char* where : {"network.links[1].rate", "events[0].rate"}) {
    const std::string text = kGoodScenario + "events: [{at: 1 s, link: board-a-board-b, rate: 1 Mbit/s}]\n";
    EXPECT_EQ(faults(text, {std::string(where) + "=1000 Tbit/s"}), "") << where;
    EXPECT_NE(faults(text, {std::string(where) + "=1001 Tbit/s"}).find("1 bit/s to 1000 Tbit/s"),
              std::string::npos)
        << faults(text, {std::string(where) + "=1001 Tbit/s"});
  }
}

TEST(ScenarioChecks, AnEventOfALinkIsOneOfEachDirection) {
  const auto scenario =
      read(kGoodScenario + "events: [{at: 1 s, link: board-b-board-a, state: down}]\n").scenario.value();
  ASSERT_EQ(scenario.events.size(), 2U);
  EXPECT_EQ(scenario.events[0].from, "board-a");
  EXPECT_EQ(scenario.events[1].from, "board-b");
  EXPECT_EQ(scenario.events[1].up, false);
}

TEST(ScenarioChecks, NamesAreNotBlamedForFaultsOfDevices) {
  EXPECT_EQ(faults(changed("name: board-b", "nam: board-b")),
            "s.yaml:8:5: devices[2].name is missing: Unique name.\n"
            "s.yaml:8:6: unknown key \"nam\" in devices[2]; did you mean \"name\"?\n");
}

TEST(ScenarioChecks, GoalsAreForThePlanner) {
  const auto fault = [](const std::string& keys) {
    return faults(changed("{kind: even}", "{kind: " + keys + "}"));
  };
  for (const char* good :
       {"pipedream", "optimal", "optimal, objective: latency, target_rate: 2 /s",
        "optimal, objective: throughput, latency_bound: 2 s", "optimal, devices: [board-b, board-a]"})
    EXPECT_EQ(fault(good), "") << good;
  EXPECT_EQ(fault("pipedream, objective: latency"),
            "s.yaml:15:43: policy.partition.objective has no effect with kind: pipedream; remove it, or set "
            "the kind to optimal\n");
  EXPECT_EQ(fault("even, latency_bound: 1 s, target_rate: 1 /s"),
            "s.yaml:15:42: policy.partition.latency_bound has no effect with kind: even; remove it, or set "
            "the kind to optimal\n"
            "s.yaml:15:60: policy.partition.target_rate has no effect with kind: even; remove it, or set the "
            "kind to optimal or joint\n");
  EXPECT_EQ(fault("optimal, objective: latency, latency_bound: 1 s"),
            "s.yaml:15:65: policy.partition.latency_bound bounds the objective throughput, and "
            "policy.partition.objective is latency; remove one of them\n");
  EXPECT_EQ(fault("optimal, cuts: [24]"),
            "s.yaml:15:36: policy.partition.cuts has no effect with kind: optimal; remove it, or set "
            "policy.partition.kind to fixed\n");
}

TEST(ScenarioChecks, JointNeedsATableAndOneGoalAndGivesTheBitsItself) {
  const auto fault = [](const std::string& keys, const std::string& quantization) {
    const std::string text =
        changed("{kind: even}", "{kind: joint" + keys + "}\n  quantization: {" + quantization + "}");
    return to_string(read_scenario_text(text, "s.yaml", "", {.files = FileCheck::leave_as_written}).problems);
  };
  EXPECT_EQ(fault(", target_rate: 2 /s, accuracy_table: t.csv", "codec: ds-aciq"), "");
  EXPECT_EQ(fault(", accuracy_floor: 0.9, accuracy_table: t.csv", "codec: klt"), "");
  EXPECT_EQ(fault(", accuracy_floor: 0.9", "codec: ds-aciq"),
            "s.yaml:15:14: policy.partition.accuracy_table is missing: kind: joint needs the CSV that "
            "`millrace-node eval --codec ds-aciq --cuts all` writes\n");
  EXPECT_EQ(fault(", accuracy_table: t.csv", "codec: ds-aciq"),
            "s.yaml:15:14: policy.partition needs a goal: target_rate (the best accuracy at that rate), for "
            "example 10 /s, or accuracy_floor (the best rate at that accuracy), for example 0.9\n");
  EXPECT_EQ(fault(", accuracy_floor: 0.9, accuracy_table: t.csv", "codec: ds-aciq, bits: 4"),
            "s.yaml:16:40: policy.quantization.bits has no effect with policy.partition.kind: joint, which "
            "gives every cut its own; remove it\n");
  EXPECT_EQ(
      fault(", accuracy_floor: 0.9, accuracy_table: t.csv",
            "kind: deadline, codec: ds-aciq, target_rate: 5 /s"),
      "s.yaml:16:24: policy.quantization.kind: deadline adapts the bits that policy.partition.kind: joint "
      "has planned; set it to fixed, or plan with optimal\n");
  EXPECT_NE(fault(", accuracy_floor: 0.9, target_rate: 1 /s, accuracy_table: t.csv", "codec: ds-aciq"), "");
}

TEST(ScenarioChecks, WhoPlansNeedsCostsAndFindsTheWaysHimself) {
  const std::string planned = changed("{kind: even}", "{kind: optimal}");
  EXPECT_EQ(faults(with(planned, "    - {between: [board-a, board-b], rate: 20 Mbit/s, delay: 5 ms}\n", "")),
            "");
  const std::string no_speed = with(planned, "board-b, speed: 4 GFLOP/s", "board-b");
  EXPECT_EQ(
      faults(no_speed, {"run.compute=measured"}),
      "s.yaml:8:5: devices[2] (board-b) runs a stage and needs a profile, or a speed such as 8 GFLOP/s; "
      "policy.partition.kind plans by it\n");
  EXPECT_EQ(faults(no_speed, {"run.compute=measured", "policy.partition.kind=even"}), "");
}

TEST(ScenarioChecks, CutsIncreaseWithinTheModelAndMatchTheDevices) {
  const auto cuts = [](const std::string& list) {
    return faults(changed("{kind: even}", "{kind: fixed" + list + "}"));
  };
  EXPECT_EQ(cuts(", cuts: [24]"), "");
  EXPECT_EQ(cuts(""),
            "s.yaml:15:14: policy.partition.cuts is missing: kind: fixed needs the cuts, for 2 devices 1 of "
            "them\n");
  EXPECT_EQ(cuts(", cuts: [48]"),
            "s.yaml:15:35: policy.partition.cuts[0] must be less than 48, the model's number of sub-layers, "
            "got 48\n");
  EXPECT_EQ(cuts(", cuts: [24, 24]"),
            "s.yaml:15:34: policy.partition.cuts has 2 cuts, which makes 3 stages, and 2 devices take "
            "stages; the numbers "
            "must be equal\n"
            "s.yaml:15:39: policy.partition.cuts[1] must be greater than the cut before it, 24, got 24\n");
  EXPECT_EQ(faults(changed("{kind: even}", "{cuts: [24]}")),
            "s.yaml:15:21: policy.partition.cuts has no effect with kind: even; remove it, or set "
            "policy.partition.kind to "
            "fixed\n");
  EXPECT_EQ(
      faults(changed("{name: vit-tiny}", "{name: vit-tiny, blocks: 1, microbatch: 1}"),
             {"policy.partition.devices=[board-a, board-b, board-a, camera, moon]"}),
      "--set policy.partition.devices: policy.partition.devices[2] names board-a a second time; a "
      "device runs one "
      "stage\n"
      "--set policy.partition.devices: policy.partition.devices[3] names camera, which runs no stage; "
      "add stage to "
      "its `runs`\n"
      "--set policy.partition.devices: policy.partition.devices[4] names \"moon\", which is not a device; "
      "add it to "
      "devices\n");
}

TEST(ScenarioChecks, EvenNeedsAsManySubLayersAsDevices) {
  std::string devices = "[{name: c, runs: [source, sink]}";
  std::string links = "[";
  for (int i = 0; i < 5; ++i) {
    devices += ", {name: b" + std::to_string(i) + ", speed: 1 GFLOP/s}";
    links += "{between: [" + (i == 0 ? std::string("c") : "b" + std::to_string(i - 1)) + ", b" +
             std::to_string(i) + "], rate: 1 Mbit/s},";
  }
  EXPECT_EQ(faults("{millrace: 1, name: x, model: {name: vit-tiny, blocks: 1}, devices: " + devices +
                   "], network: {links: " + links + "]}}"),
            "s.yaml:1:1: 5 devices run stages and the model has 4 sub-layers; name at most that many in "
            "policy.partition.devices\n");
}

TEST(ScenarioChecks, BitsFitTheCodec) {
  const auto bits = [](const std::string& keys) {
    return faults(changed("{kind: even}", "{kind: even}\n  quantization: {" + keys + "}"));
  };
  for (const char* good : {"codec: fp32", "codec: fp32, bits: 32", "codec: fp16", "codec: uniform, bits: 2",
                           "codec: uniform, bits: 8", "codec: ds-aciq, bits: 16", "codec: aciq, bits: 3.5",
                           "codec: fp6", "codec: fp4-clip, bits: 4", "codec: fp6, scope: token",
                           "codec: uniform, bits: 4, scope: tensor", "codec: fp16, scope: image"})
    EXPECT_EQ(bits(good), "") << good;
  EXPECT_EQ(bits("codec: fp16, bits: 8"),
            "s.yaml:16:37: policy.quantization.bits must be 16 for codec fp16, got 8; remove the key\n");
  EXPECT_EQ(bits("codec: uniform"),
            "s.yaml:16:17: policy.quantization.bits is missing: codec uniform needs it, 2 to 8, or 16\n");
  EXPECT_EQ(bits("codec: uniform, bits: 9"),
            "s.yaml:16:40: policy.quantization.bits must be 2 to 8, or 16, for codec uniform, got 9\n");
  EXPECT_EQ(bits("codec: fp6, bits: 8"),
            "s.yaml:16:36: policy.quantization.bits must be 6 for codec fp6, got 8; remove the key\n");
  EXPECT_EQ(
      bits("codec: fp16, scope: token"),
      "s.yaml:16:38: policy.quantization.scope must be image for codec fp16, which has nothing to share; "
      "remove the key\n");
}

TEST(ScenarioChecks, AdaptiveKindsNeedATargetAndACodecWithAChoice) {
  const auto quantization = [](const std::string& keys) {
    return faults(changed("{kind: even}", "{kind: even}\n  quantization: {" + keys + "}"));
  };
  for (const char* good : {"kind: heuristic, codec: ds-aciq, target_rate: 10 /s, window: 10",
                           "kind: deadline, codec: uniform, target_rate: 10 /s",
                           "kind: controller, codec: aciq, target_rate: 0.5 /s",
                           "kind: max-fit, codec: ds-aciq, scope: token, target_rate: 10 /s",
                           "kind: fixed, codec: uniform, bits: 4, target_rate: 10 /s"})
    EXPECT_EQ(quantization(good), "") << good;
  EXPECT_EQ(
      quantization("kind: heuristic, codec: uniform"),
      "s.yaml:16:17: policy.quantization.target_rate is missing: kind: heuristic needs the rate to hold, for "
      "example 10 /s\n");
  EXPECT_EQ(quantization("kind: deadline, codec: uniform, target_rate: 10 /s, bits: 4"),
            "s.yaml:16:76: policy.quantization.bits has no effect with kind: deadline; remove it, or set the "
            "kind to "
            "fixed\n");
  EXPECT_EQ(quantization("kind: deadline, codec: uniform, target_rate: 10 /s, window: 4"),
            "s.yaml:16:78: policy.quantization.window has no effect with kind: deadline; remove it: only "
            "heuristic, "
            "max-fit and controller decide in windows\n");
  EXPECT_EQ(
      quantization("kind: max-fit, codec: fp16, target_rate: 10 /s"),
      "s.yaml:16:40: policy.quantization.codec: fp16 has one width, so that kind: max-fit has nothing to "
      "choose; take a codec of several widths, such as ds-aciq\n");
}

TEST(ScenarioChecks, AShareOfTheTargetNeedsATarget) {
  const auto text =
      changed("{kind: even}",
              "{kind: even}\n  quantization: {codec: fp32}\nexpect: {share_meeting_target: \">= 0.9\"}");
  EXPECT_EQ(
      faults(text),
      "s.yaml:17:32: expect.share_meeting_target needs policy.quantization.target_rate, for example 10 /s\n");
}

TEST(ScenarioChecks, ArrivalsAndRateGoTogether) {
  EXPECT_EQ(faults(changed("{images: 10}", "{arrivals: rate}")),
            "s.yaml:4:22: workload.arrivals: rate needs workload.rate, for example 10 /s\n");
  EXPECT_EQ(faults(changed("{images: 10}", "{rate: 5 /s}")),
            "s.yaml:4:18: workload.rate has no effect with arrivals: closed-loop; remove it, or set "
            "workload.arrivals to "
            "rate or poisson\n");
}

TEST(ScenarioChecks, ArrivalsEndWithinWhatTheClockHolds) {
  EXPECT_EQ(faults(changed("{images: 10}", "{images: 16, arrivals: rate, rate: 0.0000002 /s}")), "");
  EXPECT_EQ(faults(changed("{images: 10}", "{images: 16, arrivals: poisson, rate: 0.0000001 /s}")),
            "s.yaml:4:49: workload.rate lets the last image arrive after 1.6e+08 s, at most 1e+08 s are "
            "simulated; raise it, or lower workload.images\n");
}

TEST(ScenarioChecks, ComputeHasAPrice) {
  const std::string no_speed = changed(", speed: 4 GFLOP/s", "");
  EXPECT_EQ(
      faults(no_speed),
      "s.yaml:8:5: devices[2] (board-b) runs a stage and needs a profile, or a speed such as 8 GFLOP/s; only "
      "run.compute: measured does without\n");
  EXPECT_EQ(faults(no_speed, {"run.compute=measured"}), "");
  EXPECT_EQ(faults(no_speed, {"policy.partition.devices=[board-a]"}), "") << "board-b takes no part";
  EXPECT_EQ(faults(kGoodScenario, {"run.compute=measured", "run.mode=simulate"}),
            "--set run.compute: run.compute: measured has nothing to measure in mode simulate, which runs no "
            "tensors; set "
            "it to profile\n");
}

TEST(ScenarioChecks, ThePipelineIsConnectedBothWays) {
  EXPECT_EQ(faults(changed("    - {between: [camera, board-a], rate: 1 Gbit/s, delay: 0.2 ms}\n", "")), "")
      << "camera reaches board-a by way of board-b";
  EXPECT_EQ(faults(changed("between: [board-a, board-b]", "from: board-a, to: board-b")), "")
      << "acknowledgements take the other way round";
  const std::string one_way = with(changed("between: [board-a, board-b]", "from: board-a, to: board-b"),
                                   "between: [board-b, camera]", "from: board-b, to: camera");
  EXPECT_EQ(faults(one_way), "") << "a ring";
  EXPECT_EQ(faults(with(one_way, "between: [camera, board-a]", "from: camera, to: board-a")), "")
      << "a ring of single links";
  EXPECT_EQ(faults(changed("between: [board-b, camera]", "from: camera, to: board-b").replace(0, 0, ""),
                   {"network.links[1]={from: board-a, to: board-b, rate: 1 Mbit/s}"}),
            "s.yaml:11:5: no links lead from board-b to board-a, which the pipeline needs for "
            "acknowledgements; add one\n");
  EXPECT_EQ(
      faults(
          "{millrace: 1, name: x, model: {name: vit-tiny}, devices: [{name: a, runs: [source, sink, stage], "
          "speed: 1 GFLOP/s}]}"),
      "")
      << "one device needs no links";
}

}  // namespace
}  // namespace millrace
