#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <admin/api.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <identity/evaluate.hpp>
#include <identity/mpi.hpp>
#include <identity/patient.hpp>
#include <identity/train.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

#include "command.hpp"
#include "mpi_actions.hpp"
#include "mpi_world.hpp"

namespace cli {
namespace {

using identity::Model;

struct Arguments {
  ConfigOptions config;
  std::string model;                  ///< folder of weights.yaml and names.yaml
  std::string a, b, out;
  std::vector<std::string> files;
  bool pairs = false, check = false, all = false;
  identity::Person person;
  identity::Person::Name name;
  identity::Person::Address address;
  std::string phone;
  double weight_min = -1;
  std::size_t count = 20;
  std::size_t persons = 1'000'000, decisions = 2'000;
};

std::shared_ptr<const Model> read_model(const Arguments& arguments, const std::string& mappings) {
  std::vector<identity::ModelProblem> problems;
  const std::string folder = arguments.model.empty() ? mappings + "/identity" : arguments.model;
  auto model = identity::load_model(folder, problems);
  for (const auto& problem : problems) complain(problem.where + ": " + problem.text);
  return model;
}

std::optional<std::vector<identity::PersonRow>> read_rows(const std::string& path) {
  auto text = read_file(path);
  if (!text) {
    complain(text.error().text());
    return {};
  }
  auto rows = identity::read_people(*text);
  if (rows) return std::move(*rows);
  complain(path + ": " + rows.error().text());
  return {};
}

void print_at(const std::string& what, const identity::Evaluation::At& at) {
  print(fmt::format("{:<26} {:>7.2f}  precision {:.4f}  recall {:.4f}  F1 {:.4f}  false pairs {}",
                    what, at.threshold, at.precision, at.recall, at.f1, at.false_pairs));
}

void print_pairs(const std::string& what,
                 const std::vector<std::pair<std::string, std::string>>& pairs) {
  for (const auto& [a, b] : pairs) print(fmt::format("{} {} {}", what, a, b));
}

void evaluate(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  const auto model = read_model(arguments, shipped_data().mappings);
  const auto a = read_rows(arguments.a);
  if (model == nullptr || !a) return;
  std::optional<std::vector<identity::PersonRow>> b(std::in_place);
  if (!arguments.b.empty()) b = read_rows(arguments.b);
  if (!b) return;
  const identity::Evaluation found = identity::evaluate(model, *a, *b);
  context.exit = kOk;
  if (context.json) {
    print(identity::to_json(found));
  } else {
    print(fmt::format("{} records, {} true pairs, {} pairs compared", found.records,
                      found.true_pairs, found.compared));
    print_at("at the auto-link threshold", found.automatic);
    print_at("at the best F1", found.best);
    print_at("linked unattended", found.unattended);
    for (const auto& [guard, pairs] : found.held) {
      print(fmt::format("  held by {:<18} {}", guard, pairs));
    }
  }
  if (!arguments.pairs) return;
  print_pairs("false", found.false_list);
  print_pairs("missed", found.missed_list);
}

/// People of the files named, else of the records of the configuration.
std::optional<std::vector<identity::Person>> people_for(const Arguments& arguments) {
  std::vector<identity::Person> people;
  for (const std::string& file : arguments.files) {
    auto rows = read_rows(file);
    if (!rows) return {};
    for (auto& row : *rows) people.push_back(std::move(row.person));
  }
  if (!arguments.files.empty()) return people;
  auto config = arguments.config.read();
  if (!config) return {};
  auto knowledge = load_knowledge(data_for(*config), {});
  if (!knowledge) return {};
  auto records = open_records(*config, knowledge->r4);
  if (!records) return {};
  store::SearchQuery query;
  query.type = "Patient";
  query.count = store::kSearchCountMax;
  fhir::Document document;
  for (bool more = true; more;) {
    auto page = records->search(query);
    if (!page) {
      complain(page.error().text());
      return {};
    }
    for (const store::Resource& resource : *page) {
      document.reset();
      auto tree = fhir::parse_json(resource.body, document);
      if (tree && !identity::is_replaced(**tree)) people.push_back(identity::person_of(**tree));
    }
    more = page->size() == query.count;
    if (more) query.after_id = page->back().id;
  }
  return people;
}

void train(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  const auto model = read_model(arguments, shipped_data().mappings);
  if (model == nullptr) return;
  const auto people = people_for(arguments);
  if (!people) return;
  auto trained = identity::train(model, *people, {});
  if (!trained) {
    complain(trained.error().detail);
    return;
  }
  const std::string text = identity::write_weights(
      *trained->model,
      fmt::format("Trained on {} people: {} pairs compared, {:.0f} of them taken for one person.",
                  trained->persons, trained->pairs, trained->matches));
  context.exit = kOk;
  if (arguments.out.empty()) {
    print(text);
  } else if (auto written = write_file(arguments.out, text); !written) {
    complain(written.error().text());
    context.exit = kUnreachable;
  }
}

/// Name, birth date and numbers of a found Patient, for the table.
std::string describe(store::Records& records, const std::string& id) {
  auto found = records.get("Patient", id);
  fhir::Document document;
  if (!found || !*found) return {};
  auto tree = fhir::parse_json((*found)->body, document);
  if (!tree) return {};
  const identity::Person person = identity::person_of(**tree);
  std::string numbers;
  for (const auto& number : person.numbers) numbers += (numbers.empty() ? "" : " ") + number.value;
  const identity::Person::Name name =
      person.names.empty() ? identity::Person::Name{} : person.names.front();
  return fmt::format("{:<24} {:<10} {:<8} {}", name.family + ", " + name.given, person.birth_date,
                     person.sex, numbers);
}

void search(Arguments& arguments, Context& context) {
  context.exit = kUsage;
  arguments.person.names = {arguments.name};
  arguments.person.addresses = {arguments.address};
  if (!arguments.phone.empty()) arguments.person.phones = {arguments.phone};
  auto config = arguments.config.read();
  if (!config) return;
  const auto model = read_model(arguments, data_for(*config).mappings);
  auto knowledge = model ? load_knowledge(data_for(*config), {}) : nullptr;
  if (!knowledge) return;
  context.exit = kUnreachable;
  auto records = open_records(*config, knowledge->r4);
  if (!records) return;
  identity::MpiIndex index(model);
  if (auto loaded = identity::load_index(*records, index); !loaded) {
    complain(loaded.error().text());
    return;
  }
  identity::MpiIndex::Options options;
  options.count = arguments.count;
  options.weight_min = arguments.weight_min >= 0 ? arguments.weight_min : model->review;
  const auto matches = index.search(arguments.person, options);
  if (!context.json) {
    print(fmt::format("{:<13} {:>6} {:>7}  {:<24} {:<10} {:<8} {}", "GRADE", "WEIGHT", "SCORE",
                      "NAME", "BORN", "SEX", "NUMBERS"));
  }
  for (const identity::Match& match : matches) {
    print(context.json ? identity::to_json(match)
                       : fmt::format("{:<13} {:>6.1f} {:>7.4f}  {}", to_text(match.grade),
                                     match.weight, match.score, describe(*records, match.id)));
  }
  context.exit = matches.empty() ? kFindings : kOk;
}

/// The weights that speak for and against, strongest first: "birth_date +12.9, given -3.1".
std::string evidence(const std::string& match) {
  fhir::Document document;
  auto tree = fhir::parse_json(match, document);
  const fhir::Node* fields = tree ? (*tree)->find("fields") : nullptr;
  std::string out;
  for (const fhir::Member* field = fields ? fields->first_member : nullptr; field;
       field = field->next) {
    const std::string_view weight = field->value->text_of("weight");
    out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", field->name,
                       weight.starts_with('-') ? "" : "+", weight);
  }
  return out;
}

void queue(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  auto knowledge = load_knowledge(data_for(*config), {});
  if (!knowledge) return;
  context.exit = kUnreachable;
  auto records = open_records(*config, knowledge->r4);
  if (!records) return;
  auto pairs = identity::list_pairs(*records, arguments.all, arguments.count);
  if (!pairs) {
    complain(pairs.error().text());
    return;
  }
  for (const identity::Pair& pair : *pairs) {
    if (context.json) {
      print(admin::pair_json(pair));
      continue;
    }
    const std::string proposal = pair.proposed_by.empty()
                                     ? ""
                                     : fmt::format("\n  merge into {} proposed by {}",
                                                   pair.survivor, pair.proposed_by);
    std::string guards;
    for (identity::Guard guard : pair.guards.list()) {
      guards += fmt::format(" {}", identity::to_text(guard));
    }
    print(fmt::format("{:.1f}  {}{}  found {}  entry {}\n  {}  {}\n  {}  {}\n  {}{}", pair.weight,
                      identity::to_text(pair.state),
                      pair.decided_by.empty() ? "" : " by " + pair.decided_by,
                      core::to_iso(pair.found).substr(0, 16), pair.sequence.value(), pair.patient,
                      describe(*records, pair.patient), pair.other,
                      describe(*records, pair.other), evidence(pair.fields), proposal));
    if (!guards.empty()) print("  held by" + guards);
  }
  context.exit = kOk;
}

struct Speed {
  double build_seconds = 0, median_us = 0, p99_us = 0, compared = 0;
  std::size_t index_bytes = 0, rss_bytes = 0, linked = 0, wrong = 0;
};

Speed measure(const std::shared_ptr<const Model>& model, std::size_t persons,
              std::size_t decisions) {
  using Clock = std::chrono::steady_clock;
  const bench::MpiWorld world;
  identity::MpiIndex index(model);
  Speed out;
  const auto began = Clock::now();
  for (std::size_t i = 0; i < persons; ++i) {
    // As long as real ids are.
    index.put(fmt::format("00000000-0000-5000-8000-{:012}", i), world.person(i));
  }
  out.build_seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::vector<double> took;
  for (std::size_t i = 0; i < decisions; ++i) {
    // Every other one is known, entered with slips.
    const std::size_t number = i % 2 == 0 ? i * 7919 % persons : persons + i;
    const auto arrival = i % 2 == 0 ? world.entered_again(number) : world.person(number);
    const auto start = Clock::now();
    const identity::Decision decision = index.decide(arrival, {});
    took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    if (decision.kind != identity::Decision::Kind::kLink) continue;
    ++out.linked;
    if (i % 2 != 0 ||
        !decision.matches[decision.linked].id.ends_with(fmt::format("-{:012}", number))) {
      ++out.wrong;
    }
  }
  std::sort(took.begin(), took.end());
  out.median_us = took[took.size() / 2];
  out.p99_us = took[took.size() * 99 / 100];
  out.compared = static_cast<double>(index.comparisons()) / static_cast<double>(decisions);
  out.index_bytes = index.bytes();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  out.rss_bytes = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
  return out;
}

void run_bench(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  const auto model = read_model(arguments, shipped_data().mappings);
  if (model == nullptr) return;
  const Speed speed = measure(model, arguments.persons, arguments.decisions);
  const double mb = 1024.0 * 1024;
  const auto index_mb = static_cast<double>(speed.index_bytes) / mb;
  const auto rss_mb = static_cast<double>(speed.rss_bytes) / mb;
  print(context.json
            ? fmt::format(
                  "{{\"persons\":{},\"decisions\":{},\"median_us\":{:.1f},\"p99_us\":{:.1f},"
                  "\"compared_per_decision\":{:.1f},\"index_mb\":{:.0f},\"rss_mb\":{:.0f},"
                  "\"build_seconds\":{:.1f},\"linked\":{},\"linked_wrongly\":{}}}",
                  arguments.persons, arguments.decisions, speed.median_us, speed.p99_us,
                  speed.compared, index_mb, rss_mb, speed.build_seconds, speed.linked, speed.wrong)
            : fmt::format("{} persons indexed in {:.1f} s: {:.0f} MB, process {:.0f} MB\n"
                          "{} decisions: median {:.0f} us, p99 {:.0f} us, {:.0f} compared each\n"
                          "{} linked unattended, {} of them wrongly",
                          arguments.persons, speed.build_seconds, index_mb, rss_mb,
                          arguments.decisions, speed.median_us, speed.p99_us, speed.compared,
                          speed.linked, speed.wrong));
  context.exit = kOk;
  if (!arguments.check) return;
  const bool good = speed.median_us < 2'000 && rss_mb < 1024 && speed.wrong == 0;
  if (!good) context.exit = kFindings;
}

void add_search(CLI::App& mpi, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = mpi.add_subcommand("search", "who in the records could this be, best first");
  arguments->config.add_to(*command, false);
  command->add_option("--model", arguments->model, "folder of weights.yaml and names.yaml");
  command->add_option("--given", arguments->name.given, "given name");
  command->add_option("--middle", arguments->name.middle, "middle name");
  command->add_option("--family", arguments->name.family, "family name");
  command->add_option("--suffix", arguments->name.suffix, "Jr, Sr, III");
  command->add_option("--dob", arguments->person.birth_date, "birth date, YYYY-MM-DD");
  command->add_option("--sex", arguments->person.sex, "male or female");
  command->add_option("--ssn", arguments->person.national_id, "social-security number");
  command->add_option("--phone", arguments->phone, "telephone number");
  command->add_option("--street", arguments->address.street, "house number and street");
  command->add_option("--city", arguments->address.city, "city");
  command->add_option("--postcode", arguments->address.postcode, "postcode");
  command->add_option("--weight", arguments->weight_min, "least weight shown, bits");
  command->add_option("--count", arguments->count, "at most so many")->check(CLI::Range(1, 1000));
  command->callback([arguments, &context] { search(*arguments, context); });
}

CLI::App* add_order(CLI::App& mpi, Context& context, const std::shared_ptr<MpiOrder>& order,
                    const char* name, const char* help,
                    void (*action)(const MpiOrder&, Context&)) {
  CLI::App* command = mpi.add_subcommand(name, help);
  order->config.add_to(*command, false);
  command->callback([order, &context, action] { action(*order, context); });
  return command;
}

void add_queue_commands(CLI::App& mpi, Context& context) {
  auto listed = std::make_shared<Arguments>();
  listed->count = 1000;
  CLI::App* command = mpi.add_subcommand(
      "queue", "pairs that may be one person and wait for somebody to decide, heaviest first");
  listed->config.add_to(*command, false);
  command->add_flag("--all", listed->all, "also those that are decided");
  command->add_option("--count", listed->count, "at most so many");
  command->callback([listed, &context] { queue(*listed, context); });

  auto decided = std::make_shared<MpiOrder>();
  command = add_order(mpi, context, decided, "decide",
                      "a decision on a pair of the queue; a merge needs two persons, one after"
                      " the other",
                      mpi_decide);
  command->add_option("patient", decided->patient, "Patient id")->required();
  command->add_option("other", decided->other, "the other Patient id")->required();
  command->add_option("decision", decided->decision, "what they are")
      ->required()
      ->check(CLI::IsMember({"link", "unlink", "merge", "not-the-same", "later"}));
  command->add_option("--by", decided->by, "who decides")->required();
  command->add_option("--survivor", decided->survivor, "the Patient that a merge keeps");
}

}  // namespace

void add_conflict_commands(CLI::App& parent, Context& context) {
  auto listed = std::make_shared<MpiOrder>();
  CLI::App* command = add_order(
      parent, context, listed, "conflicts",
      "messages held because they would make another person of a known patient, both sides",
      mpi_conflicts);
  command->add_flag("--all", listed->all, "also those that are decided");
  auto decided = std::make_shared<MpiOrder>();
  command = add_order(parent, context, decided, "conflict", "a decision on a held message",
                      mpi_conflict);
  command->add_option("sequence", decided->sequence, "number of the message")->required();
  command->add_option("decision", decided->decision, "apply it, or never")
      ->required()
      ->check(CLI::IsMember({"accept", "reject"}));
  command->add_option("--by", decided->by, "who decides")->required();
  command->add_option("--reason", decided->reason, "why");
}

namespace {

void add_unmerge_commands(CLI::App& mpi, Context& context) {
  auto order = std::make_shared<MpiOrder>();
  CLI::App* command = add_order(
      mpi, context, order, "unmerge",
      "take a merge back: what came under the number returns, what is in doubt is listed",
      mpi_unmerge);
  command->add_option("patient", order->patient, "id of the retired Patient")->required();
  command->add_option("--by", order->by, "who decides")->required();
  command->add_option("--reason", order->reason, "why")->required();

  order = std::make_shared<MpiOrder>();
  command = add_order(mpi, context, order, "unmerges",
                      "merges that were taken back; of one, the resources in doubt", mpi_unmerges);
  command->add_option("sequence", order->sequence, "number of an unmerge");

  order = std::make_shared<MpiOrder>();
  command = add_order(mpi, context, order, "settle",
                      "somebody looked at a resource that an unmerge left in doubt", mpi_settle);
  command->add_option("sequence", order->sequence, "number of the unmerge")->required();
  command->add_option("resource", order->item, "Type/id")->required();
  command->add_option("--to", order->to, "Patient id it belongs to; none: it stays");
  command->add_option("--by", order->by, "who decides")->required();

  order = std::make_shared<MpiOrder>();
  command = add_order(mpi, context, order, "repair",
                      "HL7 messages by which other systems follow a merge (A40) or an unmerge "
                      "(A43, A45, A31); HL7 v2 destinations routed from a feed that told of the "
                      "patients get them by themselves",
                      mpi_repair);
  command->add_option("sequence", order->sequence, "number of the merge or unmerge")->required();

  add_conflict_commands(mpi, context);
  order = std::make_shared<MpiOrder>();
  add_order(mpi, context, order, "rates", "duplicates, overlaps and overlays per Patient in use",
            mpi_rates);
}

}  // namespace

void add_mpi_bench(CLI::App& bench, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = bench.add_subcommand(
      "mpi", "decision time and memory of the master patient index over made-up people");
  command->add_option("--persons", arguments->persons, "in the index")
      ->check(CLI::Range(1, 20'000'000));
  command->add_option("--decisions", arguments->decisions, "measured")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--model", arguments->model, "folder of weights.yaml and names.yaml");
  command->add_flag("--check", arguments->check,
                    "exit 1 above 2 ms median or 1 GB, or when one is linked wrongly");
  command->callback([arguments, &context] { run_bench(*arguments, context); });
}

void add_mpi(CLI::App& app, Context& context) {
  CLI::App* mpi = app.add_subcommand("mpi", "master patient index: who a record belongs to");
  mpi->require_subcommand(1);
  auto measured = std::make_shared<Arguments>();
  CLI::App* command = mpi->add_subcommand(
      "evaluate", "precision and recall on people whose identity is known (Febrl columns)");
  command->add_option("A", measured->a, "CSV file")->required();
  command->add_option("B", measured->b, "compare A with this one instead of with itself");
  command->add_option("--model", measured->model, "folder of weights.yaml and names.yaml");
  command->add_flag("--pairs", measured->pairs, "also name the false and the missed pairs");
  command->callback([measured, &context] { evaluate(*measured, context); });

  auto learned = std::make_shared<Arguments>();
  command = mpi->add_subcommand("train", "refit the weights to people nobody has judged");
  command->add_option("files", learned->files, "CSV files; none: the records of the configuration");
  learned->config.add_to(*command, false);
  command->add_option("--model", learned->model, "folder to start from");
  command->add_option("--out", learned->out, "write the weights here instead of printing them");
  command->callback([learned, &context] { train(*learned, context); });

  add_search(*mpi, context);
  add_queue_commands(*mpi, context);
  add_unmerge_commands(*mpi, context);
}

}  // namespace cli
