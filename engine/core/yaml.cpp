#include <core/text.hpp>
#include <core/yaml.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <sstream>
#include <unordered_set>

namespace core::yaml {
namespace {

constexpr std::size_t kYamlDocumentsMax = 1000;

/// Leaves the parser from inside its callbacks; never leaves this file.
struct Refusal {
  Place place;
  std::string reason;
};

Place place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Place{1, 1} : Place{mark.line + 1, mark.column + 1};
}

/// What the parser would let pass or read differently from what people see.
std::optional<Refusal> check_bytes(std::string_view text) {
  int line = 1;
  for (std::size_t start = 0; start < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view one = text.substr(start, end - start);
    bool leading = true;
    bool tab_leads = false;
    for (std::size_t i = 0; i < one.size(); ++i) {
      const auto c = static_cast<unsigned char>(one[i]);
      const Place here{line, static_cast<int>(i) + 1};
      if (c == '\r' && i + 1 == one.size() && end < text.size()) break;
      if ((c < 0x20 && c != '\t') || c == 0x7F) {
        return Refusal{here, fmt::format("control character 0x{:02x}", c)};
      }
      if (c == '\t' && leading) tab_leads = true;
      if (c != ' ' && c != '\t' && leading) {
        if (tab_leads) return Refusal{here, "tab as indentation; use spaces"};
        leading = false;
      }
    }
    if (!is_valid_utf8(one)) return Refusal{{line, 1}, "not UTF-8"};
    start = end + 1;
  }
  return std::nullopt;
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view text) : lines_(split(text, '\n')) {}

  std::vector<Node> take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // The parser opens a new document wherever it cannot go on (a stray "]"), for ever.
    const Place place = place_of(mark);
    if (!documents_.empty() && !starts_with(place, "---")) {
      throw Refusal{place, "unexpected text after the end of the document"};
    }
    if (documents_.size() >= kYamlDocumentsMax) throw Refusal{place, "too many documents"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place_of(mark);
    refuse_anchor(anchor, node.place);
    add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{place_of(mark), "aliases are not allowed"};
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    throw Refusal{place_of(mark), "anchors are not allowed"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.kind = Node::Kind::kScalar;
    node.place = place_of(mark);
    refuse_anchor(anchor, node.place);
    refuse_tag(tag, node.place);
    node.quoted = tag == "!";
    node.scalar = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::kMapping, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    bool has_key = false;
    std::string key;
    Place key_place;
    std::unordered_set<std::string> seen;
  };

  bool starts_with(Place place, std::string_view what) const {
    const auto line = static_cast<std::size_t>(place.line) - 1;
    const auto column = static_cast<std::size_t>(place.column) - 1;
    return line < lines_.size() && column < lines_[line].size() &&
           lines_[line].substr(column).starts_with(what);
  }
  void refuse_anchor(YAML::anchor_t anchor, Place place) const {
    if (anchor != 0) throw Refusal{place, "anchors are not allowed"};
  }
  void refuse_tag(const std::string& tag, Place place) const {
    // "?" and "!" are the parser's marks for plain and quoted; a written "!" looks like the latter.
    if ((tag != "?" && tag != "!" && !tag.empty()) || starts_with(place, "!")) {
      throw Refusal{place, "tags are not allowed"};
    }
  }
  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    Frame frame;
    frame.node.kind = kind;
    frame.node.place = place_of(mark);
    refuse_anchor(anchor, frame.node.place);
    refuse_tag(tag, frame.node.place);
    if (stack_.size() >= static_cast<std::size_t>(kYamlDepthMax)) {
      throw Refusal{frame.node.place, fmt::format("nested deeper than {}", kYamlDepthMax)};
    }
    if (awaits_key())
      throw Refusal{frame.node.place, "a key must be a word (or a bracket is not closed)"};
    stack_.push_back(std::move(frame));
  }
  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    // Sets of rules keep their trees.
    node.items.shrink_to_fit();
    node.entries.shrink_to_fit();
    node.key_places.shrink_to_fit();
    add(std::move(node));
  }
  bool awaits_key() const {
    return !stack_.empty() && stack_.back().node.is_mapping() && !stack_.back().has_key;
  }
  void add(Node node) {
    if (stack_.empty()) {
      documents_.push_back(std::move(node));
      return;
    }
    Frame& top = stack_.back();
    if (top.node.is_sequence()) {
      top.node.items.push_back(std::move(node));
    } else if (top.has_key) {
      top.node.entries.push_back({std::move(top.key), std::move(node)});
      top.node.key_places.push_back(top.key_place);
      top.has_key = false;
    } else {
      take_key(top, std::move(node));
    }
  }
  static void take_key(Frame& top, Node node) {
    if (!node.is_scalar()) throw Refusal{node.place, "a key must be a word"};
    if (node.scalar == "<<" && !node.quoted) {
      throw Refusal{node.place, "merge keys are not allowed"};
    }
    if (!top.seen.insert(node.scalar).second) {
      throw Refusal{node.place, fmt::format("duplicate key \"{}\"", node.scalar)};
    }
    top.key = std::move(node.scalar);
    top.key_place = node.place;
    top.has_key = true;
  }

  std::vector<std::string_view> lines_;
  std::vector<Frame> stack_;
  std::vector<Node> documents_;
};

tl::unexpected<Error> refuse(const File& file, Place place, std::string reason) {
  return fail(ErrorCode::kBadYaml, std::move(reason), file.at(place));
}

/// A file descriptor that closes itself.
struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, node] : entries) {
    if (name == key) return &node;
  }
  return nullptr;
}

std::string File::at(Place place) const {
  return fmt::format("{}:{}:{}", name, place.line, place.column);
}

Result<File> parse(std::string_view text, std::string name) {
  File file;
  file.name = std::move(name);
  if (text.size() > kYamlBytesMax) {
    return refuse(file, {1, 1}, fmt::format("larger than {} bytes", kYamlBytesMax));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const auto refusal = check_bytes(text)) return refuse(file, refusal->place, refusal->reason);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(text);
    while (parser.HandleNextDocument(builder)) {
    }
    file.documents = builder.take();
    return file;
  } catch (const Refusal& refusal) {
    return refuse(file, refusal.place, refusal.reason);
  } catch (const YAML::Exception& error) {
    return refuse(file, place_of(error.mark), error.msg);
  } catch (const std::bad_alloc&) {
    return refuse(file, {1, 1}, "not enough memory to read it");
  }
}

Result<File> load(const std::string& path) {
  const auto io = [&path](const char* what) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(errno)), path);
  };
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) return io("cannot open");
  struct stat about {};
  if (::fstat(file.number, &about) != 0) return io("cannot read");
  if (!S_ISREG(about.st_mode)) return fail(ErrorCode::kIo, "is not a regular file", path);
  std::string text;
  // Reads one byte past the limit, so that parse() sees and names it.
  while (text.size() <= kYamlBytesMax) {
    char block[16384];
    const ssize_t got = ::read(file.number, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io("cannot read");
    if (got == 0) break;
    text.append(block, static_cast<std::size_t>(got));
  }
  return parse(text, path);
}

}  // namespace core::yaml
