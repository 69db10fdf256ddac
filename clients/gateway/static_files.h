// The page: files of one folder, held in memory from the start, so that no request names a file of the machine.
#ifndef MUSTER_CLIENTS_GATEWAY_STATIC_FILES_H_
#define MUSTER_CLIENTS_GATEWAY_STATIC_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "clients/gateway/http.h"

namespace muster::gateway {

// Constant after it was read, so thread-safe.
class StaticFiles {
 public:
  // None at all.
  StaticFiles() = default;

  // Reads every file below `folder`, but those whose names begin with a dot, and symbolic links. A file beside which
  // there is one with ".gz" behind its name is sent as that to who takes it.
  //
  // NOT_FOUND            the folder cannot be read, or has no index.html
  // RESOURCE_EXHAUSTED   it holds more than a page does (limits.h)
  static absl::StatusOr<StaticFiles> Read(const std::string& folder);

  bool empty() const { return files_.empty(); }

  // Answers GET and HEAD. A path without a file and without an extension is a place within the page: it gets
  // index.html. Files below assets/ whose names carry their hash (name-1a2B3c4D.js) may be kept for ever; for all
  // others a browser asks each time, and is told by ETag that nothing changed.
  HttpResponse Answer(const HttpRequest& request) const;

 private:
  struct File {
    std::shared_ptr<const std::string> content;
    std::shared_ptr<const std::string> gzipped;  // Or nullptr.
    std::string type;
    std::string etag;  // Without quotation marks.
    bool immutable = false;
  };

  std::map<std::string, File, std::less<>> files_;  // By path: "/assets/index-1a2B3c4D.js".
};

// "text/html; charset=utf-8". "application/octet-stream" where the extension says nothing.
std::string_view TypeOfFile(std::string_view path);

// Whether a header If-None-Match names `etag`, which has its quotation marks; strong or weak does not matter.
bool NamesEtag(std::string_view if_none_match, std::string_view etag);

// `text` with "%2F" and the like turned to bytes. False if an escape is none.
bool PercentDecode(std::string_view text, std::string* decoded);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_STATIC_FILES_H_
