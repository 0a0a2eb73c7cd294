import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.requests.ProduceRequest;

/**
 * Reads the body of a Produce request as a broker does, checks each batch's checksum, and prints a line for each batch
 * (producer id, epoch, first and last sequence) and for each record (offset, timestamp, sizes of key and value, headers).
 * java -cp 'FOLDER-OF-JARS/*' ReadProduce.java FILE VERSION
 */
public class ReadProduce {
  public static void main(String[] args) throws Exception {
    try (FileChannel file = FileChannel.open(Path.of(args[0]))) {
      ByteBuffer bytes = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
      ProduceRequest request = ProduceRequest.parse(new ByteBufferAccessor(bytes), Short.parseShort(args[1]));
      StringBuilder lines = new StringBuilder();
      for (ProduceRequestData.TopicProduceData topic : request.data().topicData()) {
        for (ProduceRequestData.PartitionProduceData partition : topic.partitionData()) {
          for (MutableRecordBatch batch : ((MemoryRecords) partition.records()).batches()) {
            batch.ensureValid();
            lines.append(String.format("batch %s-%d %d %d %d %d%n", topic.name(), partition.index(),
                batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.lastSequence()));
            for (Record record : batch) {
              lines.append(String.format("record %d %d %d %d %d%n", record.offset(), record.timestamp(),
                  record.keySize(), record.valueSize(), record.headers().length));
            }
          }
        }
      }
      lines.append(String.format("left %d%n", bytes.remaining()));
      System.out.print(lines);
    }
  }
}
