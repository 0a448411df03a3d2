#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

/// Plain blocking sockets, so that the HTTP code is tested by something that shares nothing with
/// it.
namespace raw {

inline constexpr int kPatienceMs = 60'000;  // a test hangs no longer than this

class Socket {
 public:
  explicit Socket(int number) : number_(number) {}
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ~Socket() { close(); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (done <= 0) return;  // the other side may well have closed
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  void end_output() { ::shutdown(number_, SHUT_WR); }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  /// Reads some; empty at the end or on reset.
  std::string read() {
    pollfd wait{number_, POLLIN, 0};
    if (::poll(&wait, 1, kPatienceMs) <= 0) throw std::runtime_error("nothing comes");
    char block[65536];
    const ssize_t got = ::recv(number_, block, sizeof block, 0);
    return got > 0 ? std::string(block, static_cast<std::size_t>(got)) : std::string();
  }
  std::string read_to_end() {
    std::string all;
    for (std::string more; !(more = read()).empty();) all += more;
    return all;
  }
  std::string read_until(std::string_view mark) {
    std::string all;
    while (all.find(mark) == std::string::npos) {
      const std::string more = read();
      if (more.empty()) break;
      all += more;
    }
    return all;
  }

 private:
  int number_;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline Socket dial(std::uint16_t port) {
  const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(number);
    throw std::runtime_error("cannot connect");
  }
  return Socket(number);
}

/// Sends, ends nothing, reads until the server closes.
inline std::string exchange(std::uint16_t port, std::string_view bytes) {
  Socket socket = dial(port);
  socket.send(bytes);
  return socket.read_to_end();
}

/// The same, and ends its output, which spares the server's patience after a refusal.
inline std::string exchange_and_end(std::uint16_t port, std::string_view bytes) {
  Socket socket = dial(port);
  socket.send(bytes);
  socket.end_output();
  return socket.read_to_end();
}

/// A server that does for connection n (0, 1, ...) what the script says, then closes it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(Socket&, int)> script) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] {
      for (int n = 0;; ++n) {
        const int number = ::accept(listener_, nullptr, nullptr);
        if (number < 0 || stopping_) {
          if (number >= 0) ::close(number);
          return;
        }
        Socket socket(number);
        accepted_ = n + 1;
        script(socket, n);
      }
    });
  }
  ~ScriptedServer() {
    stopping_ = true;
    try {
      dial(port_);  // wakes accept()
    } catch (const std::exception&) {
    }
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

}  // namespace raw
