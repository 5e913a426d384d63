package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.data.transforms.Interpolation;

class Dl4jDataTest {
    private static final Preprocessing PREPROCESS =
            new Preprocessing(8, 8, 3, 1, Interpolation.BILINEAR, List.of(0.3), List.of(0.4));

    @Test
    void dl4jIteratorIsConvertedToBatches() {
        INDArray features = Nd4j.linspace(0, 59, 60, DataType.FLOAT).reshape(5, 3, 2, 2);
        List<DataSet> examples = new DataSet(features, Nd4j.eye(5).castTo(DataType.FLOAT)).asList();
        BatchSource source = Dl4jData.source(new ListDataSetIterator<>(examples, 2), 2, 2, 3);
        assertThat(source.batchesPerEpoch()).isEqualTo(3);
        for (int epoch = 0; epoch < 2; epoch++) {
            List<Batch> all = all(source.epoch(epoch, 0));
            assertThat(all).hasSize(3);
            Batch second = all.get(1);
            assertThat(second.labels()).containsExactly(2, 3);
            assertThat(second.indices()).containsExactly(2, 3);
            assertThat(second.images()[1]).isEqualTo(features.getFloat(2, 1, 0, 0));
            assertThat(second.images()[3 * 2 + 2]).isEqualTo(features.getFloat(2, 2, 1, 0));
        }
        assertThat(all(source.epoch(0, 2)).get(0).indices()).containsExactly(4);
    }

    @Test
    void flatFeaturesAreReadAsPlanesAndOtherShapesRejected() {
        INDArray features = Nd4j.linspace(0, 35, 36, DataType.FLOAT).reshape(3, 12);
        var data = new DataSet(features, Nd4j.eye(3).castTo(DataType.FLOAT));
        Batch batch =
                Dl4jData.source(new ViewIterator(data, 3), 2, 2, 3).epoch(0, 0).next();
        assertThat(batch.images()[1]).isEqualTo(4);
        BatchSource wrong = Dl4jData.source(new ViewIterator(data, 3), 4, 2, 3);
        assertThatThrownBy(() -> wrong.epoch(0, 0).next())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("features must be [N, 3, 4, 2] or flat (");
    }

    @Test
    void batchesAreConvertedToADl4jIteratorWithEqualValues() {
        Dataset digits = Digits.split(0.2, 0).validation();
        var batches = new DataLoader(digits, AugmentConfig.NONE, PREPROCESS, 100, true, false, 1, 2);
        DataSetIterator iterator = Dl4jData.iterator(batches, digits.classes());
        List<Batch> expected = all(batches.epoch(0, 0));
        iterator.reset(); // before the first batch: still epoch 0
        int count = 0;
        while (iterator.hasNext()) {
            DataSet data = iterator.next();
            Batch batch = expected.get(count++);
            assertThat(data.getFeatures().shape()).containsExactly(batch.size(), 3, 8, 8);
            assertThat(data.getLabels().shape()).containsExactly(batch.size(), 10);
            assertThat(data.getLabels().argMax(1).toIntVector()).isEqualTo(batch.labels());
            assertThat(data.getFeatures().permute(0, 2, 3, 1).dup('c').data().asFloat())
                    .isEqualTo(batch.images());
        }
        assertThat(count).isEqualTo(batches.batchesPerEpoch());
        iterator.reset();
        Batch next = all(batches.epoch(1, 0)).get(0);
        assertThat(iterator.next().getLabels().argMax(1).toIntVector()).isEqualTo(next.labels());
        assertThat(iterator.getLabels()).hasSize(10);
    }

    private static List<Batch> all(BatchIterator epoch) {
        List<Batch> all = new ArrayList<>();
        epoch.forEachRemaining(all::add);
        return all;
    }
}
