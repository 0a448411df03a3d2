#include "intake.hpp"

#include <core/log.hpp>
#include <core/text.hpp>
#include <hl7/batch.hpp>
#include <hl7/charset.hpp>
#include <hl7/xml.hpp>

#include <algorithm>
#include <mutex>

namespace pipeline {
namespace {

using core::ErrorCode;

/// What is kept of input that could not be read, for a person to look at.
inline constexpr std::size_t kQuarantineBytesMax = 64 * 1024;

bool starts_with_batch(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos) return false;
  const std::string_view head = text.substr(at, 3);
  return head == "FHS" || head == "BHS";
}

hl7::Issue issue_of(const core::Error& error) {
  hl7::Issue issue;
  issue.code = error.code;
  issue.text = error.detail;
  if (auto at = hl7::parse_location(error.where)) issue.at = *at;
  return issue;
}

}  // namespace

struct Intake::FeedState {
  const FeedConfig* config = nullptr;
  core::Counter* received = nullptr;
  core::Counter* stored = nullptr;
  core::Counter* duplicates = nullptr;
  core::Counter* changed_bodies = nullptr;
  core::Counter* rejected = nullptr;
  core::Counter* errors = nullptr;
  core::Counter* unreadable = nullptr;
  core::Counter* acks_received = nullptr;
  core::Gauge* last_received = nullptr;
};

/// One message on its way through the checks.
struct Intake::Item {
  FeedState* feed = nullptr;
  std::string peer;
  std::string raw;          ///< bytes as they came
  std::string charset;      ///< overrides MSH-18
  bool xml = false;
  std::shared_ptr<hl7::Message> message;
  hl7::Header header;
  std::vector<std::string> acks;
};

/// The items of a batch, answered together.
struct Intake::Batch {
  std::mutex mutex;
  std::vector<Reply> replies;
  std::size_t open = 0;
};

Intake::Intake(Parts parts)
    : parts_(std::move(parts)), ids_(parts_.clock->now()), replies_(ids_, *parts_.clock),
      queries_(*parts_.config, parts_.knowledge->r4, replies_) {
  for (const FeedConfig& config : parts_.config->feeds) {
    auto state = std::make_unique<FeedState>();
    state->config = &config;
    const auto counter = [&](const char* name, const char* help) {
      return &parts_.metrics->counter(name, help, {{"feed", config.name.value()}});
    };
    state->received = counter("chartwire_messages_received_total", "Messages that arrived");
    state->stored = counter("chartwire_messages_stored_total", "Messages made durable");
    state->duplicates = counter("chartwire_messages_duplicate_total",
                                "Resent messages answered with their stored acknowledgement");
    state->changed_bodies = counter("chartwire_messages_changed_body_total",
                                    "Messages that reuse a control id for another body");
    state->rejected = counter("chartwire_messages_rejected_total", "Answered AR or CR");
    state->errors = counter("chartwire_messages_error_total", "Answered AE or CE");
    state->unreadable = counter("chartwire_messages_unreadable_total",
                                "Input that could not be read as HL7");
    state->acks_received = counter("chartwire_acks_received_total",
                                   "Acknowledgements that arrived on an inbound feed");
    state->last_received =
        &parts_.metrics->gauge("chartwire_last_received_timestamp_seconds",
                               "When a message last arrived", {{"feed", config.name.value()}});
    feeds_.push_back(std::move(state));
  }
}

Intake::~Intake() = default;

Intake::FeedState* Intake::find(const core::FeedName& name) {
  for (const auto& feed : feeds_) {
    if (feed->config->name == name) return feed.get();
  }
  return nullptr;
}

Reply Intake::finish(FeedState&, std::vector<std::string> messages, bool stored, bool xml) const {
  if (xml) {
    for (std::string& message : messages) message = reply_as_xml(message, parts_.knowledge->v2);
  }
  Reply reply;
  reply.messages = std::move(messages);
  reply.stored = stored;
  return reply;
}

void Intake::submit(Inbound inbound, Done done) {
  FeedState* feed = find(inbound.feed);
  if (feed == nullptr) {
    const hl7::Issues issues{
        {hl7::Severity::kError, ErrorCode::kNotFound, {}, "no such feed"}};
    done(Reply{{replies_.headerless(issues)}, false, false});
    return;
  }
  feed->received->add();
  feed->last_received->set(
      static_cast<double>(parts_.clock->now().time_since_epoch().count()) / 1e6);
  hl7::CharsetPolicy policy = feed->config->charset;
  if (!inbound.content_charset.empty()) {
    policy = {hl7::CharsetPolicy::Mode::kForce, inbound.content_charset};
  }
  hl7::Issues issues;
  core::Result<std::string> text = inbound.xml ? hl7::xml_to_er7(inbound.bytes)
                                               : hl7::decode(inbound.bytes, policy, issues);
  if (!text) {
    const auto answered = [this, xml = inbound.xml, done](Reply reply) {
      if (xml) {
        for (std::string& one : reply.messages) one = reply_as_xml(one, parts_.knowledge->v2);
      }
      done(std::move(reply));
    };
    refuse_unreadable(*feed, inbound.peer, std::move(inbound.bytes), text.error(), answered);
    return;
  }
  if (starts_with_batch(*text)) {
    submit_batch(*feed, inbound, *text, std::move(done));
    return;
  }
  hl7::ParseOptions options;
  options.strict = feed->config->strict;
  auto message = hl7::Message::parse(std::move(*text), options);
  if (!message) {
    refuse_unreadable(*feed, inbound.peer, std::move(inbound.bytes), message.error(), done);
    return;
  }
  Item item;
  item.feed = feed;
  item.peer = std::move(inbound.peer);
  item.raw = std::move(inbound.bytes);
  item.charset = std::move(inbound.content_charset);
  item.xml = inbound.xml;
  item.message = std::make_shared<hl7::Message>(std::move(*message));
  submit_one(std::move(item), std::move(done));
}

void Intake::submit_batch(FeedState& feed, const Inbound& inbound, const std::string& text,
                          Done done) {
  auto split = hl7::split_batch(text);
  if (!split || split->messages.empty()) {
    const core::Error error =
        split ? core::Error{ErrorCode::kBatchCount, "batch holds no message", ""} : split.error();
    refuse_unreadable(feed, inbound.peer, inbound.bytes, error, done);
    return;
  }
  for (const hl7::Issue& issue : split->issues) {
    core::log_warn("batch-count-differs", {{"feed", feed.config->name.value()},
                                           {"at", issue.at.text()}});
  }
  auto batch = std::make_shared<Batch>();
  batch->replies.resize(split->messages.size());
  batch->open = split->messages.size();
  const auto answered = [this, batch, done,
                         header = std::string(split->header)](std::size_t index, Reply reply) {
    {
      std::lock_guard lock(batch->mutex);
      batch->replies[index] = std::move(reply);
      if (--batch->open > 0) return;
    }
    Reply whole;
    whole.stored = true;
    std::vector<std::string> acks;
    for (Reply& item : batch->replies) {
      whole.stored = whole.stored && item.stored;
      for (std::string& ack : item.messages) acks.push_back(std::move(ack));
    }
    whole.messages = {batch_reply(header, acks, parts_.clock->now(), ids_.next())};
    done(std::move(whole));
  };
  for (std::size_t i = 0; i < split->messages.size(); ++i) {
    if (i > 0) feed.received->add();
    std::string one(split->messages[i]);
    const auto one_done = [answered, i](Reply reply) { answered(i, std::move(reply)); };
    auto message = hl7::Message::parse(one);
    if (!message) {
      refuse_unreadable(feed, inbound.peer, std::move(one), message.error(), one_done);
      continue;
    }
    Item item;
    item.feed = &feed;
    item.peer = inbound.peer;
    item.raw = std::move(one);
    item.charset = "UNICODE UTF-8";  // cut from the decoded text
    item.message = std::make_shared<hl7::Message>(std::move(*message));
    submit_one(std::move(item), one_done);
  }
}

void Intake::submit_one(Item item, Done done) {
  item.header = hl7::read_header(*item.message);
  if (item.header.type == "ACK") {
    // An acknowledgement is never acknowledged.
    item.feed->acks_received->add();
    done(Reply{});
    return;
  }
  Verdict verdict = check(*item.message, item.header, *item.feed->config, parts_.knowledge->v2);
  if (verdict.kind != Verdict::Kind::kAccept) {
    refuse(item, verdict.kind, verdict.issues, done);
    return;
  }
  if (Queries::answers(*item.feed->config, item.header)) {
    answer_query(item, done);
    return;
  }
  item.acks = replies_.accepted(*item.message, item.header,
                                item.feed->config->ack_warnings ? verdict.issues : hl7::Issues{});
  store(std::move(item), std::move(done));
}

/// A query changes nothing: it is answered, not stored. What was acknowledged before it is applied
/// first; when that takes longer than ack_timeout, it is answered without.
void Intake::answer_query(const Item& item, const Done& done) {
  FeedState* feed = item.feed;
  const auto answered = [this, feed, xml = item.xml, done](std::string reply) {
    done(finish(*feed, {std::move(reply)}, true, xml));
  };
  const auto until = std::chrono::steady_clock::now() + feed->config->ack_timeout;
  const auto copy = std::make_shared<Item>(item);
  parts_.waiters->wait(parts_.journal->head(), until, [this, copy, answered, done](Applied) {
    if (queries_.ask(copy->message, answered)) return;
    refuse(*copy, Verdict::Kind::kReject,
           {{hl7::Severity::kError, ErrorCode::kBusy, {}, "too many queries wait"}}, done);
  });
}

void Intake::store(Item item, Done done) {
  store::Entry entry;
  entry.kind = store::EntryKind::kMessage;
  entry.received = parts_.clock->now();
  entry.feed = item.feed->config->name;
  entry.peer = item.peer;
  const hl7::Header& header = item.header;
  entry.sender = std::string(header.sending_application.raw()) + "|" +
                 std::string(header.sending_facility.raw());
  entry.control_id = core::ControlId{std::string(header.control_id)};
  entry.type = std::string(header.type) + "^" + std::string(header.trigger);
  entry.charset = item.charset;
  entry.body_digest = body_digest(*item.message);
  entry.raw = std::move(item.raw);
  entry.ack = join_acks(item.acks);
  entry.ack_positive = true;
  entry.config_hash = parts_.config_hash;
  auto shared = std::make_shared<Item>(std::move(item));
  parts_.journal->append(std::move(entry), [this, shared, done](store::Appended appended) {
    if (appended.outcome == store::Appended::Outcome::kRefused) {
      refuse(*shared, Verdict::Kind::kReject, {issue_of(appended.error)}, done);
    } else if (shared->feed->config->ack == FeedConfig::Ack::kApplied) {
      answer_applied(*shared, appended, done);
    } else {
      answer_stored(*shared, appended, done);
    }
  });
}

void Intake::answer_stored(const Item& item, const store::Appended& appended, const Done& done) {
  if (appended.outcome == store::Appended::Outcome::kDuplicate) {
    item.feed->duplicates->add();
    done(finish(*item.feed, split_acks(appended.replayed_ack), true, item.xml));
    return;
  }
  item.feed->stored->add();
  if (appended.changed_body) {
    item.feed->changed_bodies->add();
    core::log_warn("control-id-reused", {{"feed", item.feed->config->name.value()},
                                         {"sequence", appended.sequence.value()}});
  }
  done(finish(*item.feed, item.acks, true, item.xml));
}

void Intake::answer_applied(const Item& item, const store::Appended& appended, const Done& done) {
  const bool duplicate = appended.outcome == store::Appended::Outcome::kDuplicate;
  (duplicate ? item.feed->duplicates : item.feed->stored)->add();
  const auto until = std::chrono::steady_clock::now() + item.feed->config->ack_timeout;
  const auto copy = std::make_shared<Item>(item);
  parts_.waiters->wait(appended.sequence, until, [this, copy, done](Applied applied) {
    std::vector<std::string> messages;
    const hl7::AckMode mode = hl7::ack_mode(copy->header);
    if (mode.enhanced && mode.accept_on_success) messages.push_back(copy->acks.front());
    hl7::Issues issues;
    if (applied.kind == Applied::Kind::kTimeout) {
      issues.push_back({hl7::Severity::kWarning, ErrorCode::kTimeout, {},
                        "stored; not yet applied to the records"});
    } else if (applied.kind == Applied::Kind::kFailed) {
      issues.push_back({hl7::Severity::kError, ErrorCode::kNotApplied, {},
                        "stored; could not be applied to the records"});
    }
    const bool ok = applied.kind != Applied::Kind::kFailed;
    if (!ok) copy->feed->errors->add();
    for (std::string& ack : replies_.application(*copy->message, copy->header, ok, issues)) {
      messages.push_back(std::move(ack));
    }
    done(finish(*copy->feed, std::move(messages), true, copy->xml));
  });
}

void Intake::refuse(const Item& item, Verdict::Kind kind, const hl7::Issues& issues,
                    const Done& done) {
  const bool content = kind == Verdict::Kind::kContentError;
  (content ? item.feed->errors : item.feed->rejected)->add();
  const auto first = std::find_if(issues.begin(), issues.end(), [](const hl7::Issue& issue) {
    return issue.severity == hl7::Severity::kError;
  });
  if (first != issues.end()) {
    core::log_warn("message-refused", {{"feed", item.feed->config->name.value()},
                                       {"code", core::entry(first->code).slug},
                                       {"at", first->at.text()},
                                       {"reason", first->text}});
  }
  done(finish(*item.feed, replies_.refused(*item.message, item.header, kind, issues), false,
              item.xml));
}

void Intake::refuse_unreadable(FeedState& feed, const std::string& peer, std::string raw,
                               const core::Error& error, const Done& done) {
  feed.unreadable->add();
  core::log_warn("message-unreadable", {{"feed", feed.config->name.value()},
                                        {"peer", peer},
                                        {"code", core::entry(error.code).slug},
                                        {"bytes", raw.size()}});
  const hl7::Issues issues{issue_of(error)};
  std::string ack;
  // A readable MSH lets the refusal name the message even when the rest does not parse.
  const std::size_t at = raw.find("MSH");
  const std::size_t end = at == std::string::npos ? at : raw.find_first_of("\r\n", at);
  if (at != std::string::npos && error.code != ErrorCode::kNoMsh) {
    std::string head = core::scrub_utf8(std::string_view(raw).substr(at, end - at));
    if (auto message = hl7::Message::parse(std::move(head))) {
      const hl7::Header header = hl7::read_header(*message);
      auto acks = replies_.refused(*message, header, Verdict::Kind::kContentError, issues);
      if (!acks.empty()) ack = std::move(acks.front());
    }
  }
  if (ack.empty()) ack = replies_.headerless(issues);
  quarantine(feed, peer, std::move(raw), ack);
  done(Reply{{std::move(ack)}, false, false});
}

void Intake::quarantine(FeedState& feed, const std::string& peer, std::string raw,
                        const std::string& ack) {
  if (raw.empty()) return;
  store::Entry entry;
  entry.kind = store::EntryKind::kRejected;
  entry.received = parts_.clock->now();
  entry.feed = feed.config->name;
  entry.peer = peer;
  if (raw.size() > kQuarantineBytesMax) raw.resize(kQuarantineBytesMax);
  entry.raw = std::move(raw);
  entry.ack = ack;
  entry.config_hash = parts_.config_hash;
  // Best effort: what was refused is already answered so.
  parts_.journal->append(std::move(entry), [](store::Appended) {});
}

void Intake::submit_fault(core::FeedName name, std::string peer, core::Error fault,
                          std::string prefix, Done done) {
  FeedState* feed = find(name);
  if (feed == nullptr) {
    done(Reply{{}, false, true});
    return;
  }
  feed->received->add();
  refuse_unreadable(*feed, peer, std::move(prefix), fault, done);
}

}  // namespace pipeline
