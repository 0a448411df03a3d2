#include "explain_html.hpp"

#include <core/markup.hpp>
#include <core/text.hpp>

#include <fmt/format.h>

#include "explain.hpp"
#include "rule_report.hpp"

namespace cli {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Mapping explained</title>
<style>
body{font:14px/1.45 system-ui,sans-serif;margin:1rem;color:#1a1a1a;background:#fff}
h2{font-size:1.05rem;margin:1.5rem 0 .5rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem;align-items:start}
.pane{border:1px solid #767676;border-radius:4px;padding:.5rem;max-height:80vh;overflow:auto}
.seg,.leaf,.res{font-family:ui-monospace,monospace;font-size:12.5px;overflow-wrap:anywhere}
.seg{padding:.15rem 0;border-bottom:1px solid #eee}
.res{font-weight:bold;margin-top:.5rem}
.leaf{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:.5rem;border-radius:2px}
.rule{color:#555}
.n{color:#00548c}
[data-k]{cursor:pointer;border-radius:2px}
[data-k]:focus{outline:2px solid #00548c}
.hit{background:#ffe08a}
.pin{background:#ffc107}
.unread{text-decoration:underline wavy #b00020}
ul{margin:.3rem 0;padding-left:1.2rem}
summary{cursor:pointer}
</style></head><body>
<h1 style="font-size:1.2rem">Mapping explained</h1>
<p>Point at a field or at an element to see what belongs together; click or press Enter to keep it.
Fields underlined in waves were read by no rule.</p>
)";

constexpr std::string_view kScript = R"(<script>
(function(){
"use strict";
function related(a,b){return a===b||a.startsWith(b+".")||b.startsWith(a+".");}
function mark(el,cls){
  var box=el.closest("section"),key=el.dataset.k,first=true;
  box.querySelectorAll("[data-k]").forEach(function(other){
    if(!related(other.dataset.k,key))return;
    other.classList.add(cls);
    if(cls==="pin"&&first&&other.closest(".pane")!==el.closest(".pane")){
      first=false;other.scrollIntoView({block:"nearest"});
    }
  });
}
function clear(cls){
  document.querySelectorAll("."+cls).forEach(function(el){el.classList.remove(cls);});
}
document.addEventListener("mouseover",function(e){
  var el=e.target.closest("[data-k]");clear("hit");if(el)mark(el,"hit");});
function pin(e){var el=e.target.closest("[data-k]");clear("pin");if(el)mark(el,"pin");}
document.addEventListener("click",pin);
document.addEventListener("keydown",function(e){if(e.key==="Enter")pin(e);});
})();
</script></body></html>
)";

/// "3.5.1.2": segment, field, repetition, component; related keys begin with one another.
std::string key_of(const mapping::Lineage& at) {
  std::string out = fmt::format("{}", at.segment);
  if (at.field == 0) return out;
  out += fmt::format(".{}", at.field);
  if (at.repetition == 0) return out;
  out += fmt::format(".{}", at.repetition);
  if (at.component != 0) out += fmt::format(".{}", at.component);
  return out;
}

std::string span(std::string_view key, std::string_view title, std::string_view text,
                 std::string_view more = {}) {
  return fmt::format("<span tabindex=\"0\" data-k=\"{}\" title=\"{}\"{}>{}</span>", key,
                     core::escape_markup(title), more, core::escape_markup(text));
}

}  // namespace

ExplainPage::ExplainPage(std::shared_ptr<const mapping::MappingSet> set)
    : set_(std::move(set)), facts_(mapping::rule_facts(*set_)) {}

void ExplainPage::add_message(const hl7::Message& message) {
  const hl7::Delimiters& marks = message.delimiters();
  for (std::uint32_t s = 0; s < message.segment_count(); ++s) {
    const hl7::SegmentView segment = message.segment(s);
    body_ += "<div class=\"seg\">" + span(std::to_string(s), segment.name(), segment.name());
    const bool header = segment.name() == "MSH";
    for (int f = header ? 2 : 1; f <= segment.field_count(); ++f) {
      body_ += core::escape_markup({&marks.field, 1});
      const hl7::Value field = segment.field(f);
      int r = 0;
      for (const hl7::Value repetition : field.repetitions()) {
        if (++r > 1) body_ += core::escape_markup({&marks.repetition, 1});
        int c = 0;
        for (const hl7::Value component : repetition.children()) {
          if (++c > 1) body_ += core::escape_markup({&marks.component, 1});
          if (component.empty()) continue;
          const std::string at = fmt::format("{}-{}{}.{}", segment.name(), f,
                                             r > 1 ? fmt::format("[{}]", r) : "", c);
          body_ += span(fmt::format("{}.{}.{}.{}", s, f, r, c), at, component.raw());
        }
      }
    }
    body_ += "</div>\n";
  }
}

void ExplainPage::add_node(const mapping::MapOutput& output, std::string_view name,
                           const fhir::Node& node, int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  if (node.is_leaf()) {
    std::string key, title = "written by the engine", rule;
    if (node.lineage != 0 && node.lineage <= output.lineage.size()) {
      const mapping::Lineage& at = output.lineage[node.lineage - 1];
      const mapping::RuleInfo& info = set_->rule(at.rule);
      rule = fmt::format("{}:{} {}", info.file.substr(info.file.rfind('/') + 1), info.line,
                         info.map);
      title = fmt::format("{}:{}:{} {} {}", info.file, info.line, info.column, info.map,
                          info.target);
      if (at.segment != mapping::Lineage::kLiteral) key = key_of(at);
    }
    std::string value = shown_text(output, node.text);
    body_ += fmt::format("<div class=\"leaf\"{} title=\"{}\"><span style=\"white-space:pre-wrap\">"
                         "{}<span class=\"n\">{}</span>: {}</span><span class=\"rule\">{}</span>"
                         "</div>\n",
                         key.empty() ? std::string()
                                     : fmt::format(" tabindex=\"0\" data-k=\"{}\"", key),
                         core::escape_markup(title), indent, core::escape_markup(name),
                         core::escape_markup(value), core::escape_markup(rule));
    return;
  }
  if (!name.empty()) {
    body_ += fmt::format("<div class=\"leaf\"><span style=\"white-space:pre-wrap\">{}"
                         "<span class=\"n\">{}</span></span></div>\n",
                         indent, core::escape_markup(name));
  }
  for (const fhir::Member* member = node.first_member; member; member = member->next) {
    if (depth == 0 && member->name == "resourceType") continue;
    add_node(output, member->name, *member->value, depth + 1);
  }
  int index = 0;
  for (const fhir::Item* item = node.first_item; item; item = item->next) {
    add_node(output, fmt::format("[{}]", index++), *item->value, depth + 1);
  }
}

void ExplainPage::add_resource(const mapping::MapOutput& output, std::size_t draft) {
  const mapping::Draft& made = output.drafts[draft];
  body_ += fmt::format("<div class=\"res\">{}[{}]</div>\n", core::escape_markup(made.type), draft);
  add_node(output, {}, *made.root, 0);
}

void ExplainPage::add_notes(const mapping::MapOutput& output) {
  const auto list = [&](std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    body_ += fmt::format("<details><summary>{} ({})</summary><ul>", core::escape_markup(title),
                         lines.size());
    for (const std::string& line : lines) body_ += "<li>" + core::escape_markup(line) + "</li>";
    body_ += "</ul></details>\n";
  };
  std::vector<std::string> unused, codes, warnings, silent;
  for (const hl7::Location& at : output.unused_fields) unused.push_back(at.text());
  for (const mapping::VocabMiss& miss : output.vocab_misses) {
    codes.push_back(miss.table + ": " + miss.code);
  }
  for (const hl7::Issue& issue : output.issues) {
    warnings.push_back(issue.at.text() + " " + issue.text);
  }
  for (const std::uint32_t id : silent_rules(facts_, output.wrote)) {
    const mapping::RuleInfo& info = set_->rule(id);
    silent.push_back(fmt::format("{}:{} {} {}", info.file, info.line, info.map, info.target));
  }
  list("Populated fields that no rule read", unused);
  list("Codes that no vocabulary knew", codes);
  list("Warnings", warnings);
  list("Rules that wrote nothing", silent);
}

void ExplainPage::add(std::string_view title, const hl7::Message& message,
                      const mapping::MapOutput& output) {
  ++sections_;
  body_ += fmt::format("<section><h2>{}</h2>\n<div class=\"pair\"><div class=\"pane\">\n",
                       core::escape_markup(title));
  const std::size_t begin = body_.size();
  add_message(message);
  // Fields nobody read are found by their keys: every component of theirs gets the mark.
  for (const hl7::Location& at : output.unused_fields) {
    const hl7::SegmentView segment = message.find(at.segment, at.occurrence);
    if (!segment.present()) continue;
    const std::string key = fmt::format("data-k=\"{}.{}.", segment.index(), at.field);
    for (std::size_t found = body_.find(key, begin); found != body_.npos;
         found = body_.find(key, found + key.size() + 16)) {
      body_.insert(found, "class=\"unread\" ");
    }
  }
  body_ += "</div><div class=\"pane\">\n";
  for (std::size_t i = 0; i < output.drafts.size(); ++i) add_resource(output, i);
  body_ += "</div></div>\n";
  add_notes(output);
  body_ += "</section>\n";
}

std::string ExplainPage::html() const {
  std::string out(kHead);
  out += body_;
  return out += kScript;
}

}  // namespace cli
