#include <core/hash.hpp>

#include <algorithm>

#include "mpi_index_impl.hpp"

namespace identity {

MpiIndex::MpiIndex(std::shared_ptr<const Model> model)
    : impl_(std::make_unique<Impl>(std::move(model))) {}
MpiIndex::~MpiIndex() = default;
MpiIndex::MpiIndex(MpiIndex&&) noexcept = default;

const Model& MpiIndex::model() const { return *impl_->model; }
std::size_t MpiIndex::persons() const { return impl_->count; }
std::uint64_t MpiIndex::comparisons() const { return impl_->compared; }

std::size_t MpiIndex::bytes() const {
  const Impl& self = *impl_;
  std::size_t sum = self.ids.bytes() + self.authorities.bytes() + self.blocks.bytes();
  for (const StringPool& pool : self.pools) sum += pool.bytes();
  return sum + self.person_of_id.capacity() * 4 + self.people.capacity() * sizeof(StoredPerson) +
         self.faces.capacity() * sizeof(StoredFace) + self.next.capacity() * 4 +
         self.numbers.capacity() * sizeof(StoredNumber) + self.seen.capacity() * 4;
}

bool MpiIndex::contains(std::string_view id) const {
  const std::uint32_t token = impl_->ids.find(id);
  return token != Impl::kNone && impl_->person_of_id[token] != Impl::kNone;
}

void MpiIndex::put(std::string_view id, const Person& person) {
  Impl& self = *impl_;
  const std::uint32_t token = self.ids.add(id);
  if (token == self.person_of_id.size()) self.person_of_id.push_back(Impl::kNone);
  if (self.person_of_id[token] != Impl::kNone) self.erase(self.person_of_id[token]);
  std::uint32_t place = self.free_person;
  if (place == Impl::kNone) {
    place = static_cast<std::uint32_t>(self.people.size());
    self.people.emplace_back();
  } else {
    self.free_person = self.people[place].faces;
  }
  self.person_of_id[token] = place;
  self.people[place] = {token, Impl::kNone, Impl::kNone};
  std::uint32_t last = Impl::kNone;
  for (const Face& face : make_faces(person, *self.model)) {
    const std::uint32_t made = self.add_face(face, place);
    if (last == Impl::kNone) {
      self.people[place].faces = made;
      self.tally(self.faces[made], true);
    } else {
      self.faces[last].next_of_person = made;
    }
    last = made;
  }
  self.put_numbers(self.people[place], person.numbers);
  ++self.count;
}

bool MpiIndex::remove(std::string_view id) {
  Impl& self = *impl_;
  const std::uint32_t token = self.ids.find(id);
  if (token == Impl::kNone || self.person_of_id[token] == Impl::kNone) return false;
  self.erase(self.person_of_id[token]);
  return true;
}

void MpiIndex::Impl::erase(std::uint32_t place) {
  StoredPerson& person = people[place];
  if (person.faces != kNone) tally(faces[person.faces], false);
  for (std::uint32_t face = person.faces; face != kNone;) {
    const std::uint32_t after = faces[face].next_of_person;
    drop_face(face);
    face = after;
  }
  for (std::uint32_t number = person.numbers; number != kNone;) {
    const std::uint32_t after = numbers[number].next;
    numbers[number].next = free_number;
    free_number = number;
    number = after;
  }
  person_of_id[person.id] = kNone;
  person.faces = free_person;
  free_person = place;
  --count;
}

/// Counts the values of a person's first face: one person bears a name once.
void MpiIndex::Impl::tally(const StoredFace& face, bool add) {
  for (std::size_t i = 0; i < kWords; ++i) {
    if (face.words[i] == kNone) continue;
    std::uint32_t& bearers = pools[i].count(face.words[i]);
    bearers = add ? bearers + 1 : bearers - 1;
  }
}

std::uint32_t MpiIndex::Impl::add_face(const Face& from, std::uint32_t person) {
  std::uint32_t place = free_face;
  if (place == kNone) {
    place = static_cast<std::uint32_t>(faces.size());
    faces.emplace_back();
    next.resize(next.size() + model->keys.size(), kNone);
    seen.push_back(0);
  } else {
    free_face = faces[place].next_of_person;
  }
  StoredFace& face = faces[place];
  face = {};
  for (std::size_t i = 0; i < kWords; ++i) {
    face.words[i] = from.words[i].empty() ? kNone : pools[i].add(from.words[i]);
  }
  face.national_id = from.national_id;
  face.phone = from.phone;
  face.birth = from.birth;
  face.death = from.death;
  face.person = person;
  face.next_of_person = kNone;
  face.sex = from.sex;
  face.suffix = from.suffix;
  face.flags = static_cast<std::uint8_t>((from.deceased ? kDeceased : 0) |
                                         (from.newborn ? kNewborn : 0) |
                                         (from.unknown_name ? kUnknownName : 0));
  link(place, features(face));
  return place;
}

void MpiIndex::Impl::drop_face(std::uint32_t place) {
  unlink(place, features(faces[place]));
  faces[place].next_of_person = free_face;
  free_face = place;
}

void MpiIndex::Impl::link(std::uint32_t face, const Features& of) {
  for (std::size_t key = 0; key < model->keys.size(); ++key) {
    const std::uint64_t hash = block_hash(*model, key, of);
    if (hash == 0) continue;
    BlockTable::Block& block = blocks.at(hash);
    const auto node = static_cast<std::uint32_t>(face * model->keys.size() + key);
    next[node] = block.head;
    block.head = node;
    ++block.count;
  }
}

void MpiIndex::Impl::unlink(std::uint32_t face, const Features& of) {
  const std::size_t keys = model->keys.size();
  for (std::size_t key = 0; key < keys; ++key) {
    const std::uint64_t hash = block_hash(*model, key, of);
    if (hash == 0) continue;
    BlockTable::Block& block = blocks.at(hash);
    const auto node = static_cast<std::uint32_t>(face * keys + key);
    std::uint32_t* at = &block.head;
    while (*at != node) at = &next[*at];
    *at = next[node];
    next[node] = kNone;
    --block.count;
  }
}

void MpiIndex::Impl::put_numbers(StoredPerson& person, const std::vector<Person::Number>& list) {
  for (const Person::Number& number : list) {
    if (!number.active || number.authority.empty()) continue;
    std::uint32_t place = free_number;
    if (place == kNone) {
      place = static_cast<std::uint32_t>(numbers.size());
      numbers.emplace_back();
    } else {
      free_number = numbers[place].next;
    }
    numbers[place] = {authorities.add(number.authority),
                      static_cast<std::uint32_t>(core::stable_hash(number.value)), person.numbers};
    person.numbers = place;
  }
}

bool MpiIndex::Impl::same_authority(const StoredPerson& person, const Person& other) const {
  for (const Person::Number& number : other.numbers) {
    if (!number.active || number.authority.empty()) continue;
    const std::uint32_t authority = authorities.find(number.authority);
    const auto value = static_cast<std::uint32_t>(core::stable_hash(number.value));
    for (std::uint32_t at = person.numbers; at != kNone; at = numbers[at].next) {
      if (numbers[at].authority == authority && numbers[at].value != value) return true;
    }
  }
  return false;
}

Features MpiIndex::Impl::features(const Face& face) const {
  Features out;
  for (std::size_t i = 0; i < kWords; ++i) {
    Text& text = out.words[i];
    text.text = face.words[i];
    if (text.text.empty()) continue;
    text.token = pools[i].find(text.text);
    if (text.token != StringPool::kNone) text.count = pools[i].count(text.token);
  }
  out.birth = face.birth;
  out.death = face.death;
  out.national_id = face.national_id;
  out.phone = face.phone;
  out.sex = face.sex;
  out.suffix = face.suffix;
  out.deceased = face.deceased;
  out.newborn = face.newborn;
  out.unknown_name = face.unknown_name;
  return out;
}

Features MpiIndex::Impl::features(const StoredFace& face) const {
  Features out;
  for (std::size_t i = 0; i < kWords; ++i) {
    if (face.words[i] == kNone) continue;
    out.words[i] = {pools[i].text(face.words[i]), face.words[i], pools[i].count(face.words[i])};
  }
  out.birth = face.birth;
  out.death = face.death;
  out.national_id = face.national_id;
  out.phone = face.phone;
  out.sex = face.sex;
  out.suffix = face.suffix;
  out.deceased = (face.flags & kDeceased) != 0;
  out.newborn = (face.flags & kNewborn) != 0;
  out.unknown_name = (face.flags & kUnknownName) != 0;
  return out;
}

}  // namespace identity
