// The code under test: a pure event machine. It owns no clock, no socket, no thread; a driver hands it
// events, each with the instant `now`, and carries out the actions that the node requests of its Outbox. The
// same object runs in every mode.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/time.hpp"
#include "runtime/base/units.hpp"
#include "runtime/node/epoch.hpp"
#include "runtime/node/message.hpp"
#include "runtime/node/record.hpp"
#include "runtime/node/work.hpp"

namespace millrace {

// The actions that a node may request. They take effect at the event's `now`, in the order of the requests.
class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void send(NodeId to, Message message) = 0;
  // REQUIRES that no other job of this node is under way: a node computes one thing at a time.
  virtual void compute(JobId job, Work work) = 0;
  // REQUIRES when >= now in virtual time; on a wall clock a timer in the past is due at once.
  virtual void wake_at(Time when, TimerId timer) = 0;
  virtual void record(Record record) = 0;
  // The run has reached its purpose (the sink has everything): work still under way does not matter.
  virtual void finish() = 0;
};

// An error ends the run; it names what the peer or the input did wrong.
class Node {
 public:
  virtual ~Node() = default;
  virtual Result<void> on_start(Time now, Outbox& out) = 0;
  virtual Result<void> on_message(Time now, NodeId from, Message message, Outbox& out) = 0;
  virtual Result<void> on_computed(Time now, JobId job, Outcome outcome, Outbox& out) = 0;
  virtual Result<void> on_timer(Time now, TimerId timer, Outbox& out) = 0;
  // For nodes that outlive epochs (source, sink). Messages of the epochs before are not given to the node any
  // more; work under way goes on, and its outcome still comes.
  virtual Result<void> on_epoch(Time /*now*/, const EpochBegin& /*begin*/, Outbox& /*out*/) {
    return Error{"a stage was told of another epoch, but is of one epoch only"};
  }
  // All microbatches before `next` are recorded at the sink: none of them has to be sent again.
  virtual Result<void> on_confirmed(Time /*now*/, MicrobatchId /*next*/, Outbox& /*out*/) { return {}; }
};

}  // namespace millrace
