import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.apache.kafka.common.utils.Utils;

/**
 * Writes murmur2-golden.txt: one key a line in hex, a space, and Utils.murmur2 of it as Kafka's own client computes it.
 * Run from the project's root, with Kafka's jars where the embedded broker keeps them:
 * java -cp '.cache/kafka-4.3.1/*' test/unit/kafka/Murmur2Golden.java > test/unit/kafka/murmur2-golden.txt
 */
public class Murmur2Golden {
  private static final int SEED = 20260101;

  public static void main(String[] args) {
    Random random = new Random(SEED);
    print(new byte[0]);
    for (int i = 0; i < 500; i++) print(("order-" + i).getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < 500; i++) print(multiByte(random, 1 + random.nextInt(12)));
    for (int length = 1; length <= 64; length++) {
      for (int i = 0; i < 16; i++) print(bytes(random, length));
    }
    for (int i = 0; i < 8; i++) print(bytes(random, 1_000 + random.nextInt(1_000)));
  }

  private static byte[] multiByte(Random random, int characters) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < characters; i++) {
      int point = random.nextInt(0x2ffff);
      text.appendCodePoint(point >= 0xd800 && point < 0xe000 ? 0x1f600 : point);
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static void print(byte[] key) {
    System.out.println(HexFormat.of().formatHex(key) + " " + Utils.murmur2(key));
  }
}
