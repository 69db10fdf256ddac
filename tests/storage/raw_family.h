// A column family of a closed store, changed behind the store's back. Knows no RocksDB in its header, so that tests of
// other folders may use it.
#ifndef MUSTER_TESTS_STORAGE_RAW_FAMILY_H_
#define MUSTER_TESTS_STORAGE_RAW_FAMILY_H_

#include <memory>
#include <string>

namespace muster {

// Fails the test where RocksDB fails.
class RawFamily {
 public:
  // Opens the database in `folder`; there must be such a family.
  RawFamily(const std::string& folder, const std::string& family);
  ~RawFamily();
  RawFamily(const RawFamily&) = delete;
  RawFamily& operator=(const RawFamily&) = delete;

  void Drop();
  void Put(const std::string& key, const std::string& value);
  void Delete(const std::string& key);
  // The first key from `from` on; "" if there is none.
  std::string FirstKey(const std::string& from);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_STORAGE_RAW_FAMILY_H_
