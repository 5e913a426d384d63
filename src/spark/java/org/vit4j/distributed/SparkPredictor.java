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
import org.vit4j.data.Image;
import org.vit4j.model.Prediction;

/**
 * A saved model as a function over a DataFrame of pictures.
 *
 * <pre>{@code
 * Dataset<Row> pictures = spark.read().format("binaryFile").load("hdfs://.../*.jpg");
 * Dataset<Row> named = Predictor.load(spark, Path.of("model.keras")).predict(pictures);
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
     * Reads a model here and sends it to the executors, which open it once each.
     *
     * @throws ConfigError when the file is missing, damaged, or not one of vit4j's
     */
    public static SparkPredictor load(SparkSession spark, Path model) {
        return new SparkPredictor(
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(BroadcastModel.read(model)),
                1,
                Optional.empty());
    }

    /**
     * The same with so many pictures at a time, one by default: kernels of another batch size round otherwise, and one picture's
     * values shall not depend on its neighbors in a partition. More are faster where a picture is small work.
     */
    public SparkPredictor batch(int size) {
        if (size < 1) throw new IllegalArgumentException("batch must be at least 1 (" + size + ")");
        return new SparkPredictor(model, size, unreadable);
    }

    /**
     * Returns a predictor that leaves out the rows whose image cannot be read, where one ends the job otherwise.
     *
     * @param report takes a line that names the image; twice where Spark runs a task twice
     */
    public SparkPredictor withoutUnreadable(CollectionAccumulator<String> report) {
        return new SparkPredictor(model, batch, Optional.of(report));
    }

    /**
     * Adds the columns {@code label} (the likeliest class), {@code index} (its number), {@code probability} (0..1) and {@code
     * logits} (one a class). The values are those of one machine,
     * {@link org.vit4j.model.SavedModel#predict}, bit for bit.
     *
     * @param pictures with a column {@code path}, on any file system Spark reads, and if there is a column {@code content}, as of
     *     the source {@code binaryFile}, the encoded bytes in it; those are left out of the result
     */
    public Dataset<Row> predict(Dataset<Row> pictures) {
        StructType given = pictures.schema();
        if (!List.of(given.fieldNames()).contains(PATH)) {
            throw new ConfigError("pictures: no column 'path' among " + String.join(", ", given.fieldNames()));
        }
        List<String> kept = Arrays.stream(given.fieldNames())
                .filter(name -> !name.equals(CONTENT))
                .toList();
        StructType schema = new StructType();
        for (String name : kept) schema = schema.add(given.apply(name));
        schema = schema.add("label", DataTypes.StringType, false)
                .add("index", DataTypes.IntegerType, false)
                .add("probability", DataTypes.DoubleType, false)
                .add("logits", DataTypes.createArrayType(DataTypes.FloatType, false), false);
        Broadcast<BroadcastModel> sent = model;
        boolean fetched = List.of(given.fieldNames()).contains(CONTENT);
        int size = batch;
        CollectionAccumulator<String> report = unreadable.orElse(null); // an Optional does not travel
        MapPartitionsFunction<Row, Row> see =
                rows -> new PredictionIterator(rows, sent, kept, fetched, size, Optional.ofNullable(report));
        return pictures.mapPartitions(see, Encoders.row(schema));
    }

    /** The rows of a partition, a batch ahead. */
    private static final class PredictionIterator implements Iterator<Row> {
        private final Iterator<Row> rows;
        private final Broadcast<BroadcastModel> model;
        private final List<String> kept;
        private final boolean fetched;
        private final int size;
        private final Optional<CollectionAccumulator<String>> unreadable;
        private Iterator<Row> seen = List.<Row>of().iterator();

        PredictionIterator(
                Iterator<Row> rows,
                Broadcast<BroadcastModel> model,
                List<String> kept,
                boolean fetched,
                int size,
                Optional<CollectionAccumulator<String>> unreadable) {
            this.rows = rows;
            this.model = model;
            this.kept = kept;
            this.fetched = fetched;
            this.size = size;
            this.unreadable = unreadable;
        }

        @Override
        public boolean hasNext() {
            while (!seen.hasNext() && rows.hasNext()) seen = batch().iterator();
            return seen.hasNext();
        }

        @Override
        public Row next() {
            if (!hasNext()) throw new NoSuchElementException();
            return seen.next();
        }

        /** Empty when there is no further image that can be read. */
        private List<Row> batch() {
            List<Row> batch = new ArrayList<>();
            List<Image> images = new ArrayList<>();
            while (rows.hasNext() && batch.size() < size) {
                Row row = rows.next();
                try {
                    images.add(model.value().decode(picture(row)));
                    batch.add(row);
                } catch (ConfigError e) {
                    unreadable.orElseThrow(() -> e).add(e.getMessage());
                }
            }
            if (batch.isEmpty()) return List.of();
            BroadcastModel.ModelOutput seen = model.value().predict(images);
            List<Row> out = new ArrayList<>();
            for (int i = 0; i < batch.size(); i++)
                out.add(row(batch.get(i), seen, seen.logits().get(i)));
            return out;
        }

        private BroadcastModel.ImageBytes picture(Row row) {
            String path = row.getAs(PATH);
            if (fetched) return new BroadcastModel.ImageBytes(path, row.getAs(CONTENT));
            try {
                return new BroadcastModel.ImageBytes(path, HadoopFiles.read(path));
            } catch (IOException e) {
                throw new ConfigError(path + ": cannot be read: " + e.getMessage(), e);
            }
        }

        private Row row(Row of, BroadcastModel.ModelOutput seen, float[] logits) {
            List<Object> values = new ArrayList<>();
            for (String name : kept) values.add(of.getAs(name));
            Prediction best = seen.model().top(logits, 1).get(0);
            Float[] boxed = new Float[logits.length];
            for (int i = 0; i < boxed.length; i++) boxed[i] = logits[i];
            values.addAll(List.of(best.label(), best.index(), best.probability(), boxed));
            return RowFactory.create(values.toArray());
        }
    }
}
