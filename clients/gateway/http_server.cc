#include "clients/gateway/http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/gateway/limits.h"

namespace muster::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using asio::ip::tcp;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::chrono::milliseconds kAcceptRetryInterval{100};
// What is still read, and thrown away, of a client that was refused, so that it sees the answer before the hang-up.
constexpr size_t kMaxDrainedBytes = 1 << 20;
constexpr std::chrono::seconds kDrainTimeout{2};
constexpr size_t kReadBytes = 16 << 10;

std::string StringOf(boost::beast::string_view text) { return {text.data(), text.size()}; }

// A connection as the server keeps it.
class ServedConnection {
 public:
  virtual ~ServedConnection() = default;
  virtual void Start() = 0;
  // Ends once nothing is under way; streams are told.
  virtual void Stop() = 0;
  virtual void Close() = 0;
};

// What connections ask of the server that they are of.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual HttpHandler& handler() = 0;
  virtual const std::vector<HttpHeader>& headers() const = 0;
  virtual void Ended(const ServedConnection* connection) = 0;
};

// One connection. All of it runs on the strand of its socket; the functions of an exchange, which come from any thread,
// go there first.
template <typename Stream>
class Connection final : public ServedConnection, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  template <typename... Arguments>
  Connection(std::shared_ptr<ConnectionOwner> owner, bool overloaded, Arguments&&... arguments)
      : owner_(std::move(owner)), overloaded_(overloaded), stream_(std::forward<Arguments>(arguments)...) {}

  ~Connection() override { owner_->Ended(this); }

  void Start() override {
    OnStrand([](Connection& self) { self.Begin(); });
  }

  void Stop() override {
    OnStrand([](Connection& self) {
      self.stopping_ = true;
      if (self.exchange_ == nullptr) {
        if (self.idle_) self.Fail();
      } else if (self.streaming_) {
        self.TellGone();
      }
    });
  }

  void Close() override {
    OnStrand([](Connection& self) { self.Fail(); });
  }

 private:
  // One request's; ends with its answer.
  class Exchange final : public HttpExchange {
   public:
    Exchange(std::shared_ptr<Connection> connection, int64_t number, HttpRequest request)
        : connection_(std::move(connection)), number_(number), request_(std::move(request)) {}

    const HttpRequest& request() const override { return request_; }

    void Respond(HttpResponse response) override {
      connection_->OnStrand([number = number_, response = std::move(response)](Connection& self) mutable {
        if (self.IsCurrent(number)) self.SendWhole(std::move(response));
      });
    }
    void StartStream(HttpResponse head) override {
      connection_->OnStrand([number = number_, head = std::move(head)](Connection& self) mutable {
        if (self.IsCurrent(number)) self.SendStreamHead(std::move(head));
      });
    }
    void Write(std::string piece, std::function<void(bool)> written) override {
      connection_->OnStrand(
          [number = number_, piece = std::move(piece), written = std::move(written)](Connection& self) mutable {
            if (!self.IsCurrent(number)) {
              written(false);
              return;
            }
            self.Enqueue(beast::buffers_to_string(http::make_chunk(asio::buffer(piece))), std::move(written));
          });
    }
    void Finish() override {
      connection_->OnStrand([number = number_](Connection& self) {
        if (!self.IsCurrent(number)) return;
        self.Enqueue(beast::buffers_to_string(http::make_chunk_last()), [&self](bool ok) {
          if (ok) self.EndExchange();
        });
      });
    }
    void Abort() override {
      connection_->OnStrand([number = number_](Connection& self) {
        if (self.IsCurrent(number)) self.Fail();
      });
    }
    void WhenGone(std::function<void()> gone) override {
      connection_->OnStrand([number = number_, gone = std::move(gone)](Connection& self) mutable {
        if (!self.IsCurrent(number)) {
          gone();
          return;
        }
        self.gone_ = std::move(gone);
      });
    }

   private:
    const std::shared_ptr<Connection> connection_;
    const int64_t number_;  // Of the connection's exchanges.
    const HttpRequest request_;
  };

  struct Piece {
    std::shared_ptr<const std::string> bytes;
    size_t sent = 0;
    std::function<void(bool)> written;  // May be empty.
  };

  // What is said of an exchange that has ended means nothing any more.
  bool IsCurrent(int64_t number) const { return exchange_ != nullptr && exchange_number_ == number; }

  beast::tcp_stream& Tcp() { return beast::get_lowest_layer(stream_); }

  template <typename Function>
  void OnStrand(Function function) {
    asio::dispatch(stream_.get_executor(),
                   [self = this->shared_from_this(), function = std::move(function)]() mutable { function(*self); });
  }

  // What runs on the strand when an operation of the socket ends.
  template <typename Function>
  auto Then(Function function) {
    return asio::bind_executor(stream_.get_executor(),
                               [self = this->shared_from_this(), function = std::move(function)](
                                   ErrorCode error, size_t bytes = 0) mutable { function(*self, error, bytes); });
  }

  void Begin() {
    if constexpr (kTls) {
      if (overloaded_) {  // A handshake is what a busy server has no time for.
        Fail();
        return;
      }
      Tcp().expires_after(kHandshakeTimeout);
      stream_.async_handshake(asio::ssl::stream_base::server, Then([](Connection& self, ErrorCode error, size_t) {
                                if (error) {
                                  self.Fail();
                                } else {
                                  self.AwaitRequest();
                                }
                              }));
    } else {
      if (overloaded_) {
        Refuse(503, "There are too many connections; try again later.");
        return;
      }
      AwaitRequest();
    }
  }

  void AwaitRequest() {
    if (stopping_) {
      Fail();
      return;
    }
    if (buffer_.size() > 0) {
      ReadHeader();
      return;
    }
    idle_ = true;
    Tcp().expires_after(kMaxIdle);
    stream_.async_read_some(buffer_.prepare(kReadBytes), Then([](Connection& self, ErrorCode error, size_t bytes) {
                              self.idle_ = false;
                              if (error) {
                                self.Fail();
                                return;
                              }
                              self.buffer_.commit(bytes);
                              self.ReadHeader();
                            }));
  }

  void ReadHeader() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    // Until it is known what the body is for; none is read before.
    parser_->body_limit(std::numeric_limits<uint64_t>::max());
    Tcp().expires_after(kHeaderTimeout);
    http::async_read_header(stream_, buffer_, *parser_, Then([](Connection& self, ErrorCode error, size_t) {
                              if (error) {
                                self.RefuseUnreadable(error);
                              } else {
                                self.TakeHeader();
                              }
                            }));
  }

  void RefuseUnreadable(ErrorCode error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      Refuse(431, absl::StrCat("The headers are longer than ", kMaxHeaderBytes, " bytes."));
    } else if (error == http::error::body_limit) {
      Refuse(413, "The body is too long.");
    } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      Refuse(400, "This is no request of HTTP/1.1.");
    } else {
      Fail();
    }
  }

  void TakeHeader() {
    const auto& message = parser_->get();
    request_ = HttpRequest();
    request_.method = StringOf(message.method_string());
    request_.is_http_1_1 = message.version() == 11;
    const std::string target = StringOf(message.target());
    const size_t question = target.find('?');
    request_.path = target.substr(0, question);
    if (question != std::string::npos) request_.query = target.substr(question + 1);
    size_t header_count = 0;
    for (const auto& field : message) {
      ++header_count;
      std::string& value = request_.headers[absl::AsciiStrToLower(StringOf(field.name_string()))];
      absl::StrAppend(&value, value.empty() ? "" : ", ", StringOf(field.value()));
    }
    keep_alive_ = request_.is_http_1_1 && message.keep_alive();
    if (header_count > kMaxHeaders) {
      Refuse(431, absl::StrCat("There are more than ", kMaxHeaders, " headers."));
      return;
    }
    if (target.empty() || target.front() != '/') {
      Refuse(400, "The path of a request begins with a slash.");
      return;
    }
    if (message.count(http::field::host) != 1) {
      Refuse(400, "A request has one header Host.");
      return;
    }

    HttpHandler::Admission admission = owner_->handler().Admit(request_);
    const auto length = parser_->content_length();
    if (!admission.refusal.has_value() && length.has_value() && *length > admission.max_body_bytes) {
      admission.refusal =
          TextResponse(413, absl::StrCat("The body is longer than ", admission.max_body_bytes, " bytes."));
    }
    if (admission.refusal.has_value()) {
      if (!parser_->is_done()) keep_alive_ = false;  // Its body is not read.
      BeginExchange();
      SendWhole(*std::move(admission.refusal));
      return;
    }
    parser_->body_limit(admission.max_body_bytes);
    Tcp().expires_after(kBodyTimeout);
    http::async_read(stream_, buffer_, *parser_, Then([](Connection& self, ErrorCode error, size_t) {
                       if (error) {
                         self.RefuseUnreadable(error);
                         return;
                       }
                       self.request_.body = std::move(self.parser_->get().body());
                       self.parser_.reset();
                       self.BeginExchange();
                       self.WatchForHangUp();
                       self.owner_->handler().Handle(self.exchange_);
                     }));
  }

  void BeginExchange() {
    Tcp().expires_never();
    head_only_ = request_.method == "HEAD";
    streaming_ = false;
    told_gone_ = false;
    exchange_ = std::make_shared<Exchange>(this->shared_from_this(), ++exchange_number_, std::move(request_));
  }

  // While an answer is made nothing comes from the client, so what comes is its hang-up.
  void WatchForHangUp() {
    const int64_t number = exchange_number_;
    Tcp().socket().async_wait(tcp::socket::wait_read, Then([number](Connection& self, ErrorCode error, size_t) {
                                if (!error && self.IsCurrent(number)) self.LookForHangUp();
                              }));
  }

  // There may be something to read.
  void LookForHangUp() {
    char byte = 0;
    const ssize_t bytes = recv(Tcp().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      WatchForHangUp();  // It was told of what the request's own bytes had brought about.
    } else if (bytes <= 0 || (kTls && streaming_)) {
      // Behind TLS what there is cannot be looked at. Of a client that waits for a stream it is the alert that it
      // closes.
      Fail();
    }
    // Else the next request, which waits for the end of this one.
  }

  void TellGone() {
    if (told_gone_ || !gone_) return;
    told_gone_ = true;
    const std::function<void()> gone = std::move(gone_);
    gone_ = nullptr;
    gone();
  }

  std::string Head(const HttpResponse& response, bool in_pieces) {
    http::response<http::empty_body> head;
    head.version(11);
    head.result(static_cast<unsigned>(response.status));
    head.set(http::field::date, absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()));
    for (const HttpHeader& header : owner_->headers()) head.set(header.name, header.value);
    for (const HttpHeader& header : response.headers) head.set(header.name, header.value);
    if (stopping_) keep_alive_ = false;
    head.keep_alive(keep_alive_);
    if (in_pieces) {
      head.chunked(true);
    } else if (response.status != 304) {
      head.content_length(response.body == nullptr ? 0 : response.body->size());
    }
    std::ostringstream text;
    text << head.base();
    return text.str();
  }

  void SendWhole(HttpResponse response) {
    std::string head = Head(response, false);
    const auto end = [](Connection& self, bool ok) {
      if (ok) self.EndExchange();
    };
    if (head_only_ || response.body == nullptr || response.body->empty()) {
      Enqueue(std::move(head), [this, end](bool ok) { end(*this, ok); });
    } else if (response.body->size() <= kWritePieceBytes) {
      head += *response.body;
      Enqueue(std::move(head), [this, end](bool ok) { end(*this, ok); });
    } else {
      Enqueue(std::move(head), nullptr);
      Enqueue(std::move(response.body), [this, end](bool ok) { end(*this, ok); });
    }
  }

  void SendStreamHead(HttpResponse head) {
    streaming_ = true;
    Enqueue(Head(head, true), nullptr);
    if (stopping_) TellGone();
  }

  void Enqueue(std::string bytes, std::function<void(bool)> written) {
    Enqueue(std::make_shared<const std::string>(std::move(bytes)), std::move(written));
  }

  void Enqueue(std::shared_ptr<const std::string> bytes, std::function<void(bool)> written) {
    outgoing_.push_back({std::move(bytes), 0, std::move(written)});
    if (outgoing_.size() == 1) WriteNext();
  }

  void WriteNext() {
    const Piece& piece = outgoing_.front();
    const size_t size = std::min(kWritePieceBytes, piece.bytes->size() - piece.sent);
    Tcp().expires_after(kWriteTimeout);
    asio::async_write(stream_, asio::buffer(piece.bytes->data() + piece.sent, size),
                      Then([](Connection& self, ErrorCode error, size_t bytes) {
                        if (error || self.closed_) {
                          self.Fail();
                        } else {
                          self.Wrote(bytes);
                        }
                      }));
  }

  void Wrote(size_t bytes) {
    Piece& piece = outgoing_.front();
    piece.sent += bytes;
    if (piece.sent < piece.bytes->size()) {
      WriteNext();
      return;
    }
    const std::function<void(bool)> written = std::move(piece.written);
    outgoing_.pop_front();
    if (outgoing_.empty()) {
      Tcp().expires_never();
    } else {
      WriteNext();
    }
    if (written) written(true);
  }

  void EndExchange() {
    exchange_ = nullptr;
    gone_ = nullptr;
    ErrorCode ignored;
    Tcp().socket().cancel(ignored);  // The wait for a hang-up; nothing else is under way.
    if (keep_alive_ && !stopping_) {
      AwaitRequest();
    } else {
      CloseGently();
    }
  }

  // An answer to what is no request, and the end of the connection.
  void Refuse(int status, std::string text) {
    keep_alive_ = false;
    request_ = HttpRequest();
    BeginExchange();
    SendWhole(TextResponse(status, std::move(text)));
  }

  // Hangs up, so that the client reads the answer to the end: whoever closes with something unread resets.
  void CloseGently() {
    if constexpr (kTls) {
      Fail();
    } else {
      ErrorCode error;
      Tcp().socket().shutdown(tcp::socket::shutdown_send, error);
      if (error) {
        Fail();
        return;
      }
      idle_ = true;  // Nobody waits for anything any more.
      Tcp().expires_after(kDrainTimeout);
      buffer_.consume(buffer_.size());
      DrainSome();
    }
  }

  void DrainSome() {
    stream_.async_read_some(buffer_.prepare(kReadBytes), Then([](Connection& self, ErrorCode error, size_t bytes) {
                              self.drained_bytes_ += bytes;
                              if (error || self.drained_bytes_ > kMaxDrainedBytes) {
                                self.Fail();
                              } else {
                                self.DrainSome();
                              }
                            }));
  }

  // Ends the connection at once. Whoever waits for it is told.
  void Fail() {
    if (closed_) return;
    closed_ = true;
    Tcp().close();
    exchange_ = nullptr;
    TellGone();
    gone_ = nullptr;
    std::deque<Piece> unsent;
    // The bytes of the first may still be in the hands of the socket until its operation has ended.
    for (Piece& piece : outgoing_) {
      if (piece.written) unsent.push_back({nullptr, 0, std::move(piece.written)});
      piece.written = nullptr;
    }
    for (const Piece& piece : unsent) piece.written(false);
  }

  const std::shared_ptr<ConnectionOwner> owner_;
  const bool overloaded_;
  Stream stream_;
  beast::flat_buffer buffer_{4 * kMaxHeaderBytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  HttpRequest request_;  // Until it has its exchange.

  std::shared_ptr<Exchange> exchange_;  // Under way, or nullptr.
  int64_t exchange_number_ = 0;         // Of the newest.
  std::function<void()> gone_;
  std::deque<Piece> outgoing_;  // The first is being sent.
  size_t drained_bytes_ = 0;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool streaming_ = false;
  bool told_gone_ = false;
  bool idle_ = false;
  bool stopping_ = false;
  bool closed_ = false;
};

// A TLS context of today, or why there is none.
absl::Status SetUpTls(const HttpServerOptions& options, asio::ssl::context& context) {
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  ErrorCode error;
  context.use_certificate_chain(asio::buffer(options.certificate), error);
  if (error) return absl::InvalidArgumentError(absl::StrCat("The certificate cannot be used: ", error.message()));
  context.use_private_key(asio::buffer(options.key), asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(context.native_handle()) != 1) {
    return absl::InvalidArgumentError("The key cannot be used, or is not that of the certificate.");
  }
  return absl::OkStatus();
}

}  // namespace

class HttpServer::Implementation final : public ConnectionOwner,
                                         public std::enable_shared_from_this<HttpServer::Implementation> {
 public:
  explicit Implementation(HttpServerOptions options) : options_(std::move(options)) {}

  absl::Status Listen() {
    if (!options_.certificate.empty()) {
      tls_.emplace(asio::ssl::context::tls_server);
      if (absl::Status status = SetUpTls(options_, *tls_); !status.ok()) return status;
    }
    ErrorCode error;
    const auto address = asio::ip::make_address(options_.host, error);
    if (error) return absl::UnavailableError(absl::StrCat("\"", options_.host, "\" is no numeric address."));
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return absl::UnavailableError(error.message());
    port_ = acceptor_.local_endpoint(error).port();
    return absl::OkStatus();
  }

  void Serve(HttpHandler& handler) {
    handler_ = &handler;
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->Accept(); });
    for (int thread = 0; thread < kHttpThreads; ++thread) {
      threads_.emplace_back([this] { io_.run(); });
    }
  }

  void Stop() {
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
      ErrorCode ignored;
      self->acceptor_.close(ignored);
    });
    ForEach(true, [](ServedConnection& connection) { connection.Stop(); });
    std::unique_lock<std::mutex> lock(mutex_);
    if (!ended_.wait_for(lock, kDrainDeadline, [this] { return connections_.empty(); })) {
      lock.unlock();
      ForEach(true, [](ServedConnection& connection) { connection.Close(); });
    }
  }

  // Runs nothing more. Once nobody has an exchange.
  void Join() {
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  uint16_t port() const { return port_; }
  int connections() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return static_cast<int>(connections_.size());
  }

  HttpHandler& handler() override { return *handler_; }
  const std::vector<HttpHeader>& headers() const override { return options_.headers; }
  void Ended(const ServedConnection* connection) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    connections_.erase(connection);
    if (connections_.empty()) ended_.notify_all();
  }

 private:
  void ForEach(bool stop, const std::function<void(ServedConnection&)>& function) {
    std::vector<std::shared_ptr<ServedConnection>> standing;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = stopping_ || stop;
      for (const auto& [address, weak] : connections_) {
        if (auto connection = weak.lock()) standing.push_back(std::move(connection));
      }
    }
    for (const auto& connection : standing) function(*connection);
  }

  void Accept() {
    acceptor_.async_accept(asio::make_strand(io_), [self = shared_from_this()](ErrorCode error, tcp::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (error) {  // No descriptor is left, say.
        self->retry_.expires_after(kAcceptRetryInterval);
        self->retry_.async_wait([self](ErrorCode) {
          if (self->acceptor_.is_open()) self->Accept();
        });
        return;
      }
      self->Take(std::move(socket));
      self->Accept();
    });
  }

  void Take(tcp::socket socket) {
    ErrorCode ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::shared_ptr<ServedConnection> connection;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) return;
      const bool overloaded = connections_.size() >= kMaxConnections;
      if (connections_.size() >= 2 * kMaxConnections) return;  // Not even told.
      if (tls_.has_value()) {
        connection = std::make_shared<Connection<TlsStream>>(shared_from_this(), overloaded, std::move(socket), *tls_);
      } else {
        connection = std::make_shared<Connection<beast::tcp_stream>>(shared_from_this(), overloaded, std::move(socket));
      }
      connections_[connection.get()] = connection;
    }
    connection->Start();
  }

  const HttpServerOptions options_;
  HttpHandler* handler_ = nullptr;
  std::optional<asio::ssl::context> tls_;
  asio::io_context io_{kHttpThreads};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  tcp::acceptor acceptor_{asio::make_strand(io_)};
  asio::steady_timer retry_{acceptor_.get_executor()};
  uint16_t port_ = 0;
  std::vector<std::thread> threads_;

  std::mutex mutex_;
  std::condition_variable ended_;
  bool stopping_ = false;                                                           // Guarded by mutex_.
  std::map<const ServedConnection*, std::weak_ptr<ServedConnection>> connections_;  // Guarded by mutex_.
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(HttpServerOptions options) {
  auto implementation = std::make_shared<Implementation>(std::move(options));
  if (absl::Status status = implementation->Listen(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(implementation)));
}

HttpServer::HttpServer(std::shared_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

HttpServer::~HttpServer() {
  implementation_->Stop();
  implementation_->Join();
}

uint16_t HttpServer::port() const { return implementation_->port(); }
int HttpServer::connections() const { return implementation_->connections(); }
void HttpServer::Serve(HttpHandler& handler) { implementation_->Serve(handler); }
void HttpServer::Stop() { implementation_->Stop(); }

}  // namespace muster::gateway
