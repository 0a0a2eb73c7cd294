import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import net.jpountz.lz4.LZ4FrameOutputStream;
import net.jpountz.lz4.LZ4FrameOutputStream.BLOCKSIZE;
import net.jpountz.lz4.LZ4FrameOutputStream.FLG;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.xerial.snappy.Snappy;

/**
 * Writes codec-golden.txt: the codec's number, what it is, the length and the SHA-256 of the plain bytes, and the
 * compressed bytes in base64, as Kafka's own classes write the body of a record batch. Lines `raw` and `frame` are what
 * clients that are not Java send. Run from the project's root, with Kafka's jars where the embedded broker keeps them:
 * java -cp '.cache/kafka-4.3.1/*' test/unit/kafka/CodecGolden.java > test/unit/kafka/codec-golden.txt
 */
public class CodecGolden {
  private static final int SEED = 20261121;

  public static void main(String[] args) throws Exception {
    byte[] one = {42};
    byte[] noise = new byte[700];
    new Random(SEED).nextBytes(noise);
    byte[] same = new byte[5_000];
    Arrays.fill(same, (byte) 'x');
    byte[] shortPeriod = "abcdefg".repeat(300).getBytes(StandardCharsets.UTF_8);
    all("one", one);
    all("noise", noise);
    all("same", same);
    all("period", shortPeriod);
    all("rows", rows(2_500));
  }

  /** More than a block of each codec (snappy-java 32 KiB, lz4 64 KiB). */
  private static byte[] rows(int count) {
    Random random = new Random(SEED);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append("{\"seq\":").append(i).append(",\"type\":\"OrderPlaced\",\"cents\":").append(random.nextInt(100)).append("}\n");
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void all(String name, byte[] plain) throws Exception {
    for (CompressionType type : CompressionType.values()) {
      if (type == CompressionType.NONE) continue;
      ByteBufferOutputStream buffer = new ByteBufferOutputStream(512);
      try (OutputStream out = Compression.of(type).build().wrapForOutput(buffer, (byte) 2)) {
        out.write(plain);
      }
      buffer.buffer().flip();
      byte[] compressed = new byte[buffer.buffer().remaining()];
      buffer.buffer().get(compressed);
      print(type.id, type.name + "-" + name, plain, compressed);
    }
    print(CompressionType.SNAPPY.id, "raw-" + name, plain, Snappy.compress(plain));
    print(CompressionType.LZ4.id, "frame-" + name, plain, frame(plain));
  }

  /** Checksums and the size of the content, which Kafka's own writer leaves out. */
  private static byte[] frame(byte[] plain) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    FLG.Bits[] bits = {FLG.Bits.BLOCK_INDEPENDENCE, FLG.Bits.BLOCK_CHECKSUM, FLG.Bits.CONTENT_SIZE, FLG.Bits.CONTENT_CHECKSUM};
    try (OutputStream out = new LZ4FrameOutputStream(bytes, BLOCKSIZE.SIZE_256KB, plain.length, bits)) {
      out.write(plain);
    }
    return bytes.toByteArray();
  }

  private static void print(int codec, String name, byte[] plain, byte[] compressed) throws Exception {
    String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(plain));
    System.out.println(codec + " " + name + " " + plain.length + " " + hash + " " + Base64.getEncoder().encodeToString(compressed));
  }
}
