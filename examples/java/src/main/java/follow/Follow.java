package follow;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Duration;
import com.google.protobuf.util.JsonFormat;
import io.github.strategicmemory.v1.Delivery;
import io.github.strategicmemory.v1.Feedback;
import io.github.strategicmemory.v1.StreamFeedbackRequest;
import io.github.strategicmemory.v1.StreamFeedbackResponse;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Follows a service through kills and restarts, and prints what comes, one JSON object a line, until its input ends.
 *
 * <pre>java -jar target/follow.jar '{"addresses": ["127.0.0.1:50051"], "delivery": "EVERY"}'</pre>
 *
 * What bites in Java: a channel waits up to two minutes before it connects again, unless it is told to by
 * resetConnectBackoff(), and there is no setting for that; deadlines are for whole calls, so silence on a stream has to
 * be noticed by oneself; an answer may have 4 MiB unless told otherwise.
 */
public final class Follow {
  /** Written by hand, so that the build needs no plug-in of protoc beside protoc itself. */
  private static final MethodDescriptor<StreamFeedbackRequest, StreamFeedbackResponse> STREAM_FEEDBACK =
      MethodDescriptor.<StreamFeedbackRequest, StreamFeedbackResponse>newBuilder()
          .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
          .setFullMethodName("strategic_memory.v1.StrategicMemoryService/StreamFeedback")
          .setRequestMarshaller(ProtoUtils.marshaller(StreamFeedbackRequest.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(StreamFeedbackResponse.getDefaultInstance()))
          .build();

  private static final int LARGEST_MESSAGE = 64 << 20;
  private static final long FIRST_DELAY_MS = 100;
  private static final long LONGEST_DELAY_MS = 2_000;
  private static final long CATCH_UP_WITHIN_MS = 15_000;

  private final List<ManagedChannel> channels = new ArrayList<>();
  private final Delivery delivery;
  private final long heartbeatMs;
  /** After which a server is taken for gone: three heartbeats, which come once a second at most. */
  private final long silenceMs;
  private final Newest newest;
  private long revision = -1; // the last place that was reached in the log
  private String epoch = "";
  private boolean startsAfresh;
  private long behindSinceMs;
  private int failures;

  private Follow(JsonObject asked) {
    delivery = asked.has("delivery") && asked.get("delivery").getAsString().equals("EVERY")
        ? Delivery.DELIVERY_EVERY : Delivery.DELIVERY_LATEST;
    heartbeatMs = asked.has("heartbeatMs") ? asked.get("heartbeatMs").getAsLong() : 15_000;
    silenceMs = Math.max(heartbeatMs, 1_000) * 33 / 10;
    newest = new Newest(TimeUnit.MILLISECONDS.toNanos(silenceMs));
    for (var address : asked.getAsJsonArray("addresses")) {
      channels.add(NettyChannelBuilder.forTarget("dns:///" + address.getAsString()).usePlaintext()
          .maxInboundMessageSize(LARGEST_MESSAGE)
          .keepAliveTime(30, TimeUnit.SECONDS) // the service permits 10 s and more
          .keepAliveTimeout(10, TimeUnit.SECONDS)
          .proxyDetector(server -> null)
          .build());
    }
  }

  /** Runs until its input ends. */
  public static void main(String[] arguments) {
    var asked = arguments.length > 0 ? arguments[0] : "{\"addresses\": [\"127.0.0.1:50051\"]}";
    new Thread(() -> {
      try {
        System.in.transferTo(java.io.OutputStream.nullOutputStream());
      } catch (IOException ignored) {
        // as good as its end
      }
      System.exit(0);
    }).start();
    new Follow(JsonParser.parseString(asked).getAsJsonObject()).run();
  }

  private void run() {
    for (int attempt = 0; ; attempt++) {
      long begunMs = nowMs();
      StatusRuntimeException end = readStream(channels.get(attempt % channels.size()));
      if (nowMs() - begunMs >= LONGEST_DELAY_MS) {
        failures = 0; // a new trouble, not more of the last one
      }
      // A round of all servers takes as long as the delay for one would.
      long bound = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS << Math.min(failures++ / channels.size(), 10));
      long delayMs = (long) (bound * ThreadLocalRandom.current().nextDouble(0.5, 1.0)) / channels.size();
      takeEnd(end, delayMs);
      try {
        Thread.sleep(delayMs);
      } catch (InterruptedException stopped) {
        return;
      }
    }
  }

  /** Opens a stream and takes what comes, until its end. */
  private StatusRuntimeException readStream(ManagedChannel channel) {
    channel.resetConnectBackoff(); // or it connects when it thinks fit: 68 s after an outage of two minutes
    var request = StreamFeedbackRequest.newBuilder().setDelivery(delivery)
        .setHeartbeatInterval(Duration.newBuilder().setSeconds(heartbeatMs / 1_000)
            .setNanos((int) (heartbeatMs % 1_000) * 1_000_000));
    if (revision >= 0 && !startsAfresh) {
      request.setResumeAfterRevision(revision).setEpoch(epoch);
    }
    // A full queue holds the stream back, as a slow reader should.
    BlockingQueue<Object> heard = new ArrayBlockingQueue<>(16);
    var call = channel.newCall(STREAM_FEEDBACK, CallOptions.DEFAULT);
    try {
      ClientCalls.asyncServerStreamingCall(call, request.build(), new Heard(heard));
      for (; ; ) {
        Object told = heard.poll(silenceMs, TimeUnit.MILLISECONDS);
        if (told == null) {
          return Status.DEADLINE_EXCEEDED.withDescription("the server is silent").asRuntimeException();
        }
        if (told instanceof StatusRuntimeException end) {
          return end;
        }
        take((StreamFeedbackResponse) told);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return Status.CANCELLED.asRuntimeException();
    } finally {
      call.cancel("the stream is left", null);
    }
  }

  private void take(StreamFeedbackResponse told) {
    if (!startsAfresh) {
      behindSinceMs = 0; // this server is not behind
    }
    switch (told.getEventCase()) {
      case FEEDBACK -> {
        newest.take(told);
        takeFeedback(told.getFeedback());
      }
      case HEARTBEAT -> {
        newest.take(told.getHeartbeat());
        print("heartbeat", new JsonObject());
      }
      default -> { } // of a newer service
    }
  }

  private void takeFeedback(Feedback feedback) {
    boolean isSameLog = revision >= 0 && epoch.equals(feedback.getEpoch());
    if (isSameLog && feedback.getRevision() <= revision) {
      return; // whoever starts afresh may hear it again
    }
    if (revision >= 0 && !isSameLog && !feedback.getEpoch().isEmpty()) {
      print("epochChanged", new JsonObject());
    }
    var line = new JsonObject();
    line.add("feedback", asJson(feedback));
    long skipped = isSameLog && revision > 0 ? feedback.getRevision() - revision - 1 : 0;
    line.getAsJsonObject("feedback").addProperty("skippedRevisions", skipped);
    line.addProperty("actUpon", newest.advice().toString());
    print("feedback", line);
    if (!feedback.getEpoch().isEmpty()) {
      revision = feedback.getRevision();
      epoch = feedback.getEpoch();
    }
    startsAfresh = false;
    behindSinceMs = 0;
  }

  private void takeEnd(StatusRuntimeException end, long delayMs) {
    String reason = told(end, "reason");
    var line = new JsonObject();
    line.addProperty("error", end.getStatus().getCode().name());
    line.addProperty("reason", reason);
    line.addProperty("message", end.getMessage());
    line.addProperty("retryInMs", delayMs);
    boolean isRefused = switch (reason) {
      // What one replica has sent, another may be about to read: that is no loss yet.
      case "REVISION_IN_FUTURE" -> !epoch.equals(told(end, "epoch")) || isBehindForLong();
      case "REVISION_COMPACTED", "EPOCH_CHANGED" -> true;
      default -> Refusal.isOfResumePoint(end.getStatus().getCode(), reason);
    };
    boolean resumed = revision >= 0 && !startsAfresh;
    if (Refusal.isForGood(end.getStatus().getCode(), reason, resumed) || isTooLarge(end.getStatus())) {
      print("disconnected", line);
      System.exit(1); // trying again will not mend it
    }
    if (isRefused) {
      startsAfresh = true; // and what lies between is lost
      if (delivery == Delivery.DELIVERY_EVERY) {
        line.addProperty("error", "ResumePointRefused");
        revision = -1;
        print("ended", line);
        return;
      }
    }
    print("disconnected", line);
  }

  /** Whether the answer is above the limit here. The code alone is also that of a stream that a proxy has ended. */
  private static boolean isTooLarge(Status end) {
    String said = String.valueOf(end.getDescription());
    return end.getCode() == Status.Code.RESOURCE_EXHAUSTED && said.contains("exceeds maximum size");
  }

  private boolean isBehindForLong() {
    behindSinceMs = behindSinceMs == 0 ? nowMs() : behindSinceMs;
    return nowMs() - behindSinceMs > CATCH_UP_WITHIN_MS;
  }

  private static String told(StatusRuntimeException end, String name) {
    var key = Metadata.Key.of("strategic-memory-" + name, Metadata.ASCII_STRING_MARSHALLER);
    String told = end.getTrailers() == null ? null : end.getTrailers().get(key);
    return told == null ? "" : told;
  }

  private static long nowMs() {
    return System.nanoTime() / 1_000_000;
  }

  private static JsonObject asJson(Feedback feedback) {
    try {
      return JsonParser.parseString(JsonFormat.printer().print(feedback)).getAsJsonObject();
    } catch (IOException cannotBe) {
      throw new IllegalStateException(cannotBe);
    }
  }

  private static void print(String event, JsonObject line) {
    line.addProperty("event", event);
    System.out.println(new Gson().toJson(line));
  }

  /** Hands what comes to whoever waits for it; the end of the stream too. */
  private record Heard(BlockingQueue<Object> queue) implements StreamObserver<StreamFeedbackResponse> {
    @Override
    public void onNext(StreamFeedbackResponse message) {
      put(message);
    }

    @Override
    public void onError(Throwable error) {
      put(new StatusRuntimeException(Status.fromThrowable(error), Status.trailersFromThrowable(error)));
    }

    @Override
    public void onCompleted() {
      put(Status.UNAVAILABLE.withDescription("the server ended the stream").asRuntimeException());
    }

    private void put(Object told) {
      try {
        queue.put(told);
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
