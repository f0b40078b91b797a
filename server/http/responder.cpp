// SPDX-License-Identifier: Apache-2.0
#include <server/http/responder.h>

#include <server/problem.h>

#include <algorithm>

namespace eventsync::server {

namespace {

// An id goes into a line of its own: characters that could end the line, or are forbidden in one, are left out.
std::string idLine(std::string_view id)
{
    std::string line("id: ");
    std::copy_if(id.begin(), id.end(), std::back_inserter(line),
                 [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
    line += '\n';
    return line;
}

} // namespace

void Responder::fail(const Error &error) const
{
    respond(problem(error));
}

EventStream Responder::startEvents() const
{
    HttpResponse head;
    head.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store, no-transform"}, {"X-Accel-Buffering", "no"}};
    return EventStream(startStream(std::move(head)));
}

void EventStream::send(const transport::Frame &frame, std::string_view id)
{
    if (!id.empty())
        m_stream->write(idLine(id));
    m_stream->writeShared(frame.sseBytes());
}

void EventStream::sendEvent(std::string_view type, std::string_view data, std::string_view id)
{
    send(transport::Frame::text(std::string(data), std::string(type)), id);
}

void EventStream::sendComment(std::string_view text)
{
    std::string line(": ");
    std::copy_if(text.begin(), text.end(), std::back_inserter(line), [](char c) { return c != '\r' && c != '\n'; });
    m_stream->write(line + "\n\n");
}

} // namespace eventsync::server
