import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads topics with Kafka's own consumer, read_committed and with the check of each batch's checksum, up to where they end
 * now, and prints a line for each record: topic, partition, key, SHA-256 of the value, number of headers.
 * java -cp 'FOLDER-OF-JARS/*' ReadTopics.java BROKERS TOPIC...
 */
public class ReadTopics {
  public static void main(String[] args) throws Exception {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", args[0], "isolation.level", "read_committed", "check.crcs", true);
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, bytes, bytes)) {
      List<TopicPartition> partitions =
          Arrays.stream(args).skip(1)
              .flatMap(topic -> consumer.partitionsFor(topic).stream())
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      StringBuilder lines = new StringBuilder();
      while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          lines.append(line(record)).append('\n');
        }
      }
      System.out.print(lines);
    }
  }

  private static String line(ConsumerRecord<byte[], byte[]> record) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(record.value());
    String key = new String(record.key(), StandardCharsets.UTF_8);
    return String.join(
        " ",
        record.topic(),
        String.valueOf(record.partition()),
        key,
        HexFormat.of().formatHex(hash),
        String.valueOf(record.headers().toArray().length));
  }
}
