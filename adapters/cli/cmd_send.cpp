#include <CLI/CLI.hpp>
#include <fhir/json.hpp>
#include <hl7/batch.hpp>
#include <hl7/message.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "sender.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string address;
  std::vector<std::string> files;
  Sender::Options options;
  int release = 1;
};

std::string_view word(mllp::SendResult::State state) {
  using State = mllp::SendResult::State;
  switch (state) {
    case State::kConfirmed: return "confirmed";
    case State::kRefused: return "refused";
    case State::kUnconfirmed: return "unconfirmed";
    case State::kInDoubt: return "in doubt";
    case State::kNotSent: return "not sent";
  }
  return "?";
}

void report(const Context& context, const Sent& sent) {
  const std::string code = sent.result.code ? std::string(hl7::to_text(*sent.result.code)) : "-";
  const std::string text =
      sent.result.text.empty() ? sent.result.reason.detail : sent.result.text;
  if (!context.json) {
    print(fmt::format("{:<11} {:<3} {:<24} {:.1f} ms {}", word(sent.result.state), code,
                      sent.control_id, sent.seconds * 1000, text));
    return;
  }
  std::string line = "{\"control_id\":";
  fhir::write_json_string(sent.control_id, line);
  line += fmt::format(",\"state\":\"{}\",\"ack\":\"{}\",\"ms\":{:.3f},\"text\":",
                      word(sent.result.state), code, sent.seconds * 1000);
  fhir::write_json_string(text, line);
  print(line + "}");
}

/// Sends the messages of one text. What cannot be read as HL7 goes out as it is: that is what a
/// tester of bad input wants.
bool send_text(Sender& sender, const std::string& text) {
  auto batch = hl7::split_batch(text);
  if (!batch || batch->messages.empty()) return sender.push(0, text, "");
  for (std::string_view one : batch->messages) {
    std::string copy(one);
    auto message = hl7::Message::parse(copy);
    const std::string id = message ? message->get("MSH-10") : "";
    const std::string patient = message ? message->get("PID-3.1") : "";
    if (!sender.push(std::hash<std::string>{}(patient), std::move(copy), id)) return false;
  }
  return true;
}

std::vector<std::string> expand(const std::vector<std::string>& names) {
  std::vector<std::string> files;
  for (const std::string& name : names) {
    std::error_code ignored;
    if (!fs::is_directory(name, ignored)) {
      files.push_back(name);
      continue;
    }
    std::set<std::string> sorted;
    for (const auto& entry : fs::directory_iterator(name, ignored)) {
      if (entry.is_regular_file()) sorted.insert(entry.path().string());
    }
    files.insert(files.end(), sorted.begin(), sorted.end());
  }
  return files;
}

void send(Arguments arguments, Context& context) {
  context.exit = kUsage;
  auto address = parse_address(arguments.address);
  if (!address) {
    complain(address.error().detail);
    return;
  }
  arguments.options.host = address->first;
  arguments.options.port = address->second;
  arguments.options.release_2 = arguments.release == 2;
  Sender sender(arguments.options, [&](const Sent& sent) { report(context, sent); });
  if (auto status = sender.connect(); !status) {
    complain(status.error().text());
    context.exit = kUnreachable;
    return;
  }
  bool going = true;
  if (arguments.files.empty()) {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    going = send_text(sender, text);
  }
  for (const std::string& file : expand(arguments.files)) {
    if (!going) break;
    auto text = read_file(file);
    if (!text) {
      complain(text.error().text());
      return;
    }
    going = send_text(sender, *text);
  }
  const Sender::Totals totals = sender.finish();
  if (!context.json) {
    print(fmt::format("{} sent: {} confirmed, {} refused, {} in doubt, {} not sent", totals.all(),
                      totals.confirmed, totals.refused, totals.in_doubt, totals.not_sent));
  }
  context.exit = totals.clean()                            ? kOk
                 : totals.in_doubt + totals.not_sent > 0 ? kUnreachable
                                                         : kFindings;
}

}  // namespace

void add_send(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("send", "send HL7 messages over MLLP and check the answers");
  command->add_option("address", arguments->address, "host:port")->required();
  command->add_option("files", arguments->files, "files or folders; none: standard input");
  command->add_option("--connections", arguments->options.connections)->check(CLI::Range(1, 1000));
  command->add_option("--rate", arguments->options.rate,
                      "messages a second; 0: as fast as answered");
  command->add_option("--retries", arguments->options.retries,
                      "send again after a lost connection (the receiver must know duplicates)");
  command->add_option("--release", arguments->release, "MLLP release: 2 expects commit blocks")
      ->check(CLI::Range(1, 2));
  command->callback([arguments, &context] { send(*arguments, context); });
}

}  // namespace cli
