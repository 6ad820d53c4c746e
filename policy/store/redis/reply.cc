#include "policy/store/redis/reply.h"

#include <hiredis/read.h>

#include <exception>
#include <utility>

namespace postern::store::redis {

namespace {

struct Free {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

/// What a reader fills.
struct Filled {
  Reply root;
  std::size_t elements = 0;  // of its arrays
};

/// Where the object of a task goes: the root, or its place in the array above it.
Reply& place_of(const redisReadTask* task) {
  if (task->parent == nullptr) return static_cast<Filled*>(task->privdata)->root;
  return static_cast<Reply*>(task->parent->obj)->elements[static_cast<std::size_t>(task->idx)];
}

// Nothing is thrown through the frames of hiredis: nullptr ends the reading.
void* on_string(const redisReadTask* task, char* bytes, std::size_t size) try {
  Reply& reply = place_of(task);
  reply.type = task->type == REDIS_REPLY_ERROR ? Reply::Type::error : Reply::Type::text;
  reply.text.assign(bytes, size);
  return &reply;
} catch (const std::exception&) {
  return nullptr;
}

void* on_array(const redisReadTask* task, int elements) try {
  std::size_t& all = static_cast<Filled*>(task->privdata)->elements;
  if (elements < 0 || static_cast<std::size_t>(elements) > kMostReplyElements - all) return nullptr;
  all += static_cast<std::size_t>(elements);
  Reply& reply = place_of(task);
  reply.type = Reply::Type::array;
  reply.elements.resize(static_cast<std::size_t>(elements));
  return &reply;
} catch (const std::exception&) {
  return nullptr;
}

void* on_integer(const redisReadTask* task, long long value) {
  Reply& reply = place_of(task);
  reply.type = Reply::Type::integer;
  reply.integer = value;
  return &reply;
}

void* on_nil(const redisReadTask* task) {
  Reply& reply = place_of(task);
  reply.type = Reply::Type::nil;
  return &reply;
}

void on_free(void*) {}  // all are parts of the root

}  // namespace

struct ReplyReader::Reader {
  redisReplyObjectFunctions functions{on_string, on_array, on_integer, on_nil, on_free};
  Filled filled;
  std::size_t bytes = 0;  // since the last complete reply
  std::unique_ptr<redisReader, Free> reader{redisReaderCreateWithFunctions(&functions)};
};

ReplyReader::ReplyReader() : reader_(std::make_unique<Reader>()) {
  if (reader_->reader)
    reader_->reader->privdata = &reader_->filled;
  else
    problem_ = "out of memory";
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::feed(std::string_view bytes) {
  if (!problem_.empty()) return;
  reader_->bytes += bytes.size();
  if (redisReaderFeed(reader_->reader.get(), bytes.data(), bytes.size()) != 0) problem_ = "out of memory";
}

std::optional<Reply> ReplyReader::next() {
  if (!problem_.empty()) return std::nullopt;
  redisReader* reader = reader_->reader.get();
  void* reply = nullptr;
  if (redisReaderGetReply(reader, &reply) != 0) {
    problem_ = "an answer that is not of the protocol";
    return std::nullopt;
  }
  if (reply == nullptr) {
    if (reader_->bytes > kMostReplyBytes) problem_ = "an answer that is too large";
    return std::nullopt;
  }
  reader_->bytes = reader->len - reader->pos;
  return std::exchange(reader_->filled, Filled{}).root;
}

}  // namespace postern::store::redis
