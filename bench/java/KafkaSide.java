import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The Kafka side of the benchmark, in a process of its own: a command on each line of standard input, one line of
 * JSON as its answer. Argument: the brokers. It works only while a command runs.
 *
 * topic NAME PARTITIONS [SETTING=VALUE ...]   creates a topic
 * remove NAME                                 removes it
 * ends NAME                                   the sum of the end offsets, with the markers of transactions
 * scan NAME ROWS                              reads all that is committed: what is missing, repeated or out of order
 * latency NAME ROWS SECONDS WARM_UP           says that it is ready, then reads live until ROWS or SECONDS are over
 */
public class KafkaSide {
  private static final long LONGEST_US = 600_000_000L;
  private final String brokers;
  private final Admin admin;
  private final KafkaConsumer<byte[], byte[]> ends;

  private KafkaSide(String brokers) {
    this.brokers = brokers;
    this.admin = Admin.create(Map.of("bootstrap.servers", brokers));
    this.ends = consumer("read_uncommitted");
  }

  public static void main(String[] arguments) throws Exception {
    KafkaSide side = new KafkaSide(arguments[0]);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      answer(side.run(line.split(" ")));
    }
  }

  private static void answer(String json) {
    System.out.println(json);
    System.out.flush();
  }

  private String run(String[] words) {
    try {
      return switch (words[0]) {
        case "topic" -> create(words);
        case "remove" -> {
          admin.deleteTopics(List.of(words[1])).all().get();
          yield "{}";
        }
        case "ends" -> "{\"ends\":" + sum(ends.endOffsets(partitions(ends, words[1]))) + "}";
        case "scan" -> scan(words[1], Integer.parseInt(words[2]));
        case "latency" -> latency(words);
        default -> throw new IllegalArgumentException("no such command");
      };
    } catch (Exception error) {
      String text = (words[0] + ": " + error).replaceAll("[\"\\\\\\p{Cntrl}]", " ");
      return "{\"error\":\"" + text + "\"}";
    }
  }

  private String create(String[] words) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (String word : Arrays.asList(words).subList(3, words.length)) {
      String[] pair = word.split("=", 2);
      settings.put(pair[0], pair[1]);
    }
    NewTopic topic = new NewTopic(words[1], Integer.parseInt(words[2]), (short) 1).configs(settings);
    admin.createTopics(List.of(topic)).all().get();
    return "{}";
  }

  private String scan(String topic, int rows) {
    Scan scan = new Scan(rows);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer("read_committed")) {
      List<TopicPartition> partitions = partitions(consumer, topic);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> last = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch((one) -> consumer.position(one) < last.get(one))) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          scan.add(number(record.value(), "n"), record.key(), record.timestamp());
        }
      }
    }
    return scan.json();
  }

  private String latency(String[] words) {
    long rows = Long.parseLong(words[2]);
    long untilMs = System.currentTimeMillis() + 1000L * Long.parseLong(words[3]);
    long warmUpUs = 1_000_000L * Long.parseLong(words[4]);
    Histogram histogram = new Histogram(LONGEST_US, 3);
    long received = 0;
    long firstUs = 0;
    long lastUs = 0;
    try (KafkaConsumer<byte[], byte[]> consumer = consumer("read_committed")) {
      List<TopicPartition> partitions = partitions(consumer, words[1]);
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      partitions.forEach(consumer::position);
      answer("{\"ready\":true}");
      while (received < rows && System.currentTimeMillis() < untilMs) {
        var records = consumer.poll(Duration.ofMillis(100));
        long nowUs = nowUs();
        for (var record : records) {
          long committedUs = number(record.value(), "ts");
          if (firstUs == 0) firstUs = committedUs;
          lastUs = Math.max(lastUs, committedUs);
          received++;
          if (committedUs - firstUs < warmUpUs) continue;
          histogram.recordValue(Math.max(0, Math.min(nowUs - committedUs, LONGEST_US)));
        }
      }
    }
    return String.format(
        "{\"received\":%d,\"measured\":%d,\"perSecond\":%.0f,\"p50Ms\":%.2f,\"p99Ms\":%.2f,\"p999Ms\":%.2f,\"maxMs\":%.2f}",
        received, histogram.getTotalCount(), received * 1e6 / Math.max(1, lastUs - firstUs), ms(histogram, 50),
        ms(histogram, 99), ms(histogram, 99.9), ms(histogram, 100));
  }

  private static double ms(Histogram histogram, double percentile) {
    return histogram.getValueAtPercentile(percentile) / 1e3;
  }

  private KafkaConsumer<byte[], byte[]> consumer(String isolation) {
    // The default receive buffer of 64 KiB is less than a segment of the loopback interface: a sender with more to say than
    // fits waits for its persist timer then, 200 ms.
    Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "isolation.level", isolation,
        "enable.auto.commit", false, "allow.auto.create.topics", false, "max.poll.records", 5000,
        "max.partition.fetch.bytes", 4194304, "auto.offset.reset", "earliest", "receive.buffer.bytes", 1048576);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static List<TopicPartition> partitions(KafkaConsumer<?, ?> consumer, String topic) {
    List<TopicPartition> found = new ArrayList<>();
    for (PartitionInfo info : consumer.partitionsFor(topic)) {
      found.add(new TopicPartition(topic, info.partition()));
    }
    return found;
  }

  private static long sum(Map<TopicPartition, Long> offsets) {
    return offsets.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Wall clock, microseconds since 1970. */
  private static long nowUs() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000L + now.getNano() / 1_000;
  }

  /** The whole number of a member of a small JSON object; -1 without such a member. */
  private static long number(byte[] json, String member) {
    byte[] name = ('"' + member + '"').getBytes(StandardCharsets.US_ASCII);
    for (int at = 0; at + name.length < json.length; at++) {
      if (!Arrays.equals(json, at, at + name.length, name, 0, name.length)) continue;
      int digit = at + name.length;
      while (json[digit] == ':' || json[digit] == ' ') digit++;
      long value = 0;
      for (; json[digit] >= '0' && json[digit] <= '9'; digit++) value = value * 10 + json[digit] - '0';
      return value;
    }
    return -1;
  }

  /** What a topic holds, against rows that are numbered from 1. */
  private static class Scan {
    private final int rows;
    private final BitSet seen;
    private final Map<String, Long> lastOfKey = new HashMap<>();
    private long records;
    private long duplicates;
    private long outOfOrder;
    private long foreign;
    private long firstMs = Long.MAX_VALUE;
    private long lastMs;

    Scan(int rows) {
      this.rows = rows;
      this.seen = new BitSet(rows + 1);
    }

    void add(long number, byte[] key, long appendedMs) {
      records++;
      firstMs = Math.min(firstMs, appendedMs);
      lastMs = Math.max(lastMs, appendedMs);
      if (number < 1 || number > rows) {
        foreign++;
        return;
      }
      if (seen.get((int) number)) duplicates++;
      seen.set((int) number);
      Long before = lastOfKey.put(new String(key, StandardCharsets.ISO_8859_1), number);
      if (before != null && number < before) outOfOrder++;
    }

    String json() {
      return String.format(
          "{\"records\":%d,\"missing\":%d,\"duplicates\":%d,\"outOfOrder\":%d,\"foreign\":%d,\"firstAppendMs\":%d,\"lastAppendMs\":%d}",
          records, rows - seen.cardinality(), duplicates, outOfOrder, foreign, records == 0 ? 0 : firstMs, lastMs);
    }
  }
}
