package org.vit4j.distributed;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.CollectionAccumulator;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;
import org.vit4j.model.Prediction;

/**
 * Classifies the images of a DataFrame with a saved model.
 *
 * <pre>{@code
 * Dataset<Row> images = spark.read().format("binaryFile").load("hdfs://.../*.jpg");
 * Dataset<Row> predictions = SparkPredictor.load(spark, Path.of("model.keras")).predict(images);
 * }</pre>
 */
public final class SparkPredictor {
    private static final String PATH = "path";
    private static final String CONTENT = "content";

    private final Broadcast<BroadcastModel> model;
    private final int batch;
    private final Optional<CollectionAccumulator<String>> unreadable;

    private SparkPredictor(
            Broadcast<BroadcastModel> model, int batch, Optional<CollectionAccumulator<String>> unreadable) {
        this.model = model;
        this.batch = batch;
        this.unreadable = unreadable;
    }

    /**
     * Reads a model and sends it to the executors. Each executor opens it once.
     *
     * @throws ConfigError when the file is missing, corrupt or was not written by vit4j
     */
    public static SparkPredictor load(SparkSession spark, Path model) {
        return new SparkPredictor(
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(BroadcastModel.read(model)),
                1,
                Optional.empty());
    }

    /**
     * Returns a predictor that processes several images at a time. The default is one: kernels for other batch sizes
     * round differently, and the values of an image would depend on the other images of its partition. Larger batches
     * are faster where images take little time.
     */
    public SparkPredictor batch(int size) {
        if (size < 1) throw new IllegalArgumentException("batch must be at least 1 (" + size + ")");
        return new SparkPredictor(model, size, unreadable);
    }

    /**
     * Returns a predictor that omits rows with unreadable images. Without it, the first one ends the job.
     *
     * @param report receives one line per image, or two if Spark runs a task twice
     */
    public SparkPredictor withoutUnreadable(CollectionAccumulator<String> report) {
        return new SparkPredictor(model, batch, Optional.of(report));
    }

    /**
     * Adds the columns {@code label} (the most probable class), {@code index} (its number), {@code probability} (0..1)
     * and {@code logits} (one per class). The values equal those of {@link org.vit4j.model.SavedModel#predict} bit for
     * bit.
     *
     * @param images has a column {@code path}, on any file system that Spark reads. A column {@code content}, as from
     *     the source {@code binaryFile}, holds the encoded bytes; it is not part of the result. Without it, the
     *     executors read the files
     */
    public Dataset<Row> predict(Dataset<Row> images) {
        StructType given = images.schema();
        if (!List.of(given.fieldNames()).contains(PATH)) {
            throw new ConfigError("images: missing column 'path'; found " + String.join(", ", given.fieldNames()));
        }
        List<String> columns = Arrays.stream(given.fieldNames())
                .filter(name -> !name.equals(CONTENT))
                .toList();
        StructType schema = new StructType();
        for (String name : columns) schema = schema.add(given.apply(name));
        schema = schema.add("label", DataTypes.StringType, false)
                .add("index", DataTypes.IntegerType, false)
                .add("probability", DataTypes.DoubleType, false)
                .add("logits", DataTypes.createArrayType(DataTypes.FloatType, false), false);
        Broadcast<BroadcastModel> broadcast = model;
        boolean hasContent = List.of(given.fieldNames()).contains(CONTENT);
        int size = batch;
        CollectionAccumulator<String> report = unreadable.orElse(null); // Optional is not serializable
        MapPartitionsFunction<Row, Row> predict =
                rows -> new PredictionIterator(rows, broadcast, columns, hasContent, size, Optional.ofNullable(report));
        return images.mapPartitions(predict, Encoders.row(schema));
    }

    /** Predictions for the rows of a partition, computed batch by batch. */
    private static final class PredictionIterator implements Iterator<Row> {
        private final Iterator<Row> rows;
        private final Broadcast<BroadcastModel> model;
        private final List<String> columns;
        private final boolean hasContent;
        private final int size;
        private final Optional<CollectionAccumulator<String>> unreadable;
        private Iterator<Row> ready = List.<Row>of().iterator();

        PredictionIterator(
                Iterator<Row> rows,
                Broadcast<BroadcastModel> model,
                List<String> columns,
                boolean hasContent,
                int size,
                Optional<CollectionAccumulator<String>> unreadable) {
            this.rows = rows;
            this.model = model;
            this.columns = columns;
            this.hasContent = hasContent;
            this.size = size;
            this.unreadable = unreadable;
        }

        @Override
        public boolean hasNext() {
            while (!ready.hasNext() && rows.hasNext()) ready = batch().iterator();
            return ready.hasNext();
        }

        @Override
        public Row next() {
            if (!hasNext()) throw new NoSuchElementException();
            return ready.next();
        }

        /** Predictions of the next batch; empty if no readable image is left. */
        private List<Row> batch() {
            List<Row> batch = new ArrayList<>();
            List<Image> images = new ArrayList<>();
            while (rows.hasNext() && batch.size() < size) {
                Row row = rows.next();
                try {
                    images.add(model.value().decode(image(row)));
                    batch.add(row);
                } catch (ConfigError e) {
                    unreadable.orElseThrow(() -> e).add(e.getMessage());
                }
            }
            if (batch.isEmpty()) return List.of();
            BroadcastModel.ModelOutput output = model.value().predict(images);
            List<Row> out = new ArrayList<>();
            for (int i = 0; i < batch.size(); i++)
                out.add(row(batch.get(i), output, output.logits().get(i)));
            return out;
        }

        private BroadcastModel.ImageBytes image(Row row) {
            String path = row.getAs(PATH);
            if (hasContent) return new BroadcastModel.ImageBytes(path, row.getAs(CONTENT));
            try {
                return new BroadcastModel.ImageBytes(path, HadoopFiles.read(path));
            } catch (IOException e) {
                throw new ConfigError(path + ": cannot be read: " + e.getMessage(), e);
            }
        }

        private Row row(Row of, BroadcastModel.ModelOutput output, float[] logits) {
            List<Object> values = new ArrayList<>();
            for (String name : columns) values.add(of.getAs(name));
            Prediction best = output.model().top(logits, 1).get(0);
            Float[] boxed = new Float[logits.length];
            for (int i = 0; i < boxed.length; i++) boxed[i] = logits[i];
            values.addAll(List.of(best.label(), best.index(), best.probability(), boxed));
            return RowFactory.create(values.toArray());
        }
    }
}
