#include "power_cut_model.hpp"

#include <algorithm>
#include <cstdio>

namespace faults {
namespace {

constexpr std::uint64_t kBlock = 512;

std::string name_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

void PowerCutModel::change(std::string& content, const Change& change) {
  if (change.truncates) {
    content.resize(change.offset);
    return;
  }
  if (content.size() < change.offset + change.bytes.size()) {
    content.resize(change.offset + change.bytes.size());
  }
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

void PowerCutModel::change_torn(std::string& content, const Change& whole, std::mt19937& random) {
  if (whole.truncates) {
    if (random() % 2) change(content, whole);
    return;
  }
  for (std::uint64_t at = whole.offset; at < whole.offset + whole.bytes.size();) {
    const std::uint64_t end =
        std::min((at / kBlock + 1) * kBlock, whole.offset + whole.bytes.size());
    if (random() % 2) {
      change(content, {0, false, at, whole.bytes.substr(at - whole.offset, end - at)});
    }
    at = end;
  }
}

void PowerCutModel::change(Names& names, const NameChange& change) {
  if (!change.drop.empty()) names.erase(change.drop);
  if (!change.make.empty()) names[change.make] = change.file;
}

void PowerCutModel::apply(const OpHead& head, const std::string& payload) {
  const auto rename = [&](NameChange change) {
    PowerCutModel::change(all_names_, change);
    pending_names_.push_back(std::move(change));
  };
  switch (head.op) {
    case Op::kCreate: rename({{}, name_of(payload), head.file}); break;
    case Op::kUnlink: rename({name_of(payload), {}, 0}); break;
    case Op::kRename: {
      const std::string from = name_of(payload.substr(0, payload.find('\0')));
      rename({from, name_of(payload.substr(payload.find('\0') + 1)), all_names_[from]});
      break;
    }
    case Op::kWrite:
      files_[head.file].pending.push_back({++changes_, false, head.offset, payload});
      break;
    case Op::kTruncate:
      files_[head.file].pending.push_back({++changes_, true, head.offset, {}});
      break;
    case Op::kSyncBegin: sync_begins_[head.offset] = changes_; break;
    case Op::kSyncEnd: {
      ++syncs_;
      File& file = files_[head.file];
      const std::uint64_t upto = sync_begins_[head.offset];
      auto first = file.pending.begin();
      for (; first != file.pending.end() && first->index <= upto; ++first) {
        change(file.durable, *first);
      }
      file.pending.erase(file.pending.begin(), first);
      break;
    }
    case Op::kFolderSync:
      // Names made while the sync ran count as synced: stricter would need its beginning too, and the
      // journal makes its names on one thread.
      names_ = all_names_;
      pending_names_.clear();
      break;
    case Op::kAck: {
      unsigned long long sequence = 0;
      long number = 0;
      if (std::sscanf(payload.c_str(), "%llu %ld", &sequence, &number) == 2) {
        acked_[sequence] = number;
      }
      break;
    }
  }
}

std::map<std::string, std::string> PowerCutModel::cut(Cut how, std::mt19937& random) const {
  Names names = names_;
  std::size_t survive = 0;
  if (how == Cut::kAll) survive = pending_names_.size();
  if (how == Cut::kTorn) survive = random() % (pending_names_.size() + 1);
  for (std::size_t i = 0; i < survive; ++i) change(names, pending_names_[i]);
  std::map<std::string, std::string> disk;
  for (const auto& [name, number] : names) {
    std::string& content = disk[name];
    const auto file = files_.find(number);
    if (file == files_.end()) continue;
    content = file->second.durable;
    for (const Change& pending : file->second.pending) {
      if (how == Cut::kAll) change(content, pending);
      if (how == Cut::kTorn) change_torn(content, pending, random);
    }
  }
  return disk;
}

}  // namespace faults
