#include "tests/storage/raw_family.h"

#include <vector>

#include "gtest/gtest.h"
#include "rocksdb/db.h"

namespace muster {

struct RawFamily::Impl {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> handles;
  rocksdb::ColumnFamilyHandle* family = nullptr;
};

RawFamily::RawFamily(const std::string& folder, const std::string& family) : impl_(std::make_unique<Impl>()) {
  std::vector<std::string> names;
  EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), folder, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(names.size());
  for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(rocksdb::DBOptions(), folder, descriptors, &handles, &opened);
  EXPECT_TRUE(status.ok()) << status.ToString();
  impl_->db.reset(opened);
  for (rocksdb::ColumnFamilyHandle* const handle : handles) {
    impl_->handles.emplace_back(handle);
    if (handle->GetName() == family) impl_->family = handle;
  }
  EXPECT_NE(impl_->family, nullptr) << family;
}

RawFamily::~RawFamily() = default;

void RawFamily::Drop() { EXPECT_TRUE(impl_->db->DropColumnFamily(impl_->family).ok()); }

void RawFamily::Put(const std::string& key, const std::string& value) {
  EXPECT_TRUE(impl_->db->Put(rocksdb::WriteOptions(), impl_->family, key, value).ok());
}

void RawFamily::Delete(const std::string& key) {
  EXPECT_TRUE(impl_->db->Delete(rocksdb::WriteOptions(), impl_->family, key).ok());
}

std::string RawFamily::FirstKey(const std::string& from) {
  const std::unique_ptr<rocksdb::Iterator> iterator(impl_->db->NewIterator(rocksdb::ReadOptions(), impl_->family));
  iterator->Seek(from);
  return iterator->Valid() ? iterator->key().ToString() : "";
}

}  // namespace muster
