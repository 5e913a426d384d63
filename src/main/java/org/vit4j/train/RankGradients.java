package org.vit4j.train;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchShard;
import org.vit4j.data.DataLoader;
import org.vit4j.data.MixedBatch;

/**
 * Gradients of several processes: each computes those of its shard of every batch, and all get their mean over the images.
 * Batch norms use the statistics of the shard; running statistics are averaged.
 */
final class RankGradients implements GradientSource {
    /** Shards that are loaded in advance. */
    private static final int AHEAD = 3;

    private final TrainConfig train;
    private final TrainStep trainStep;
    private final BatchInputs batchInputs;
    private final RankSync ranks;
    private final ProcessGroup group;
    private final BooleanSupplier stop;
    private final NonFiniteRerun rerun;
    private final DataLoader.ExampleOrder examples;
    private final int perEpoch;
    private final Deque<Future<Batch>> loading = new ArrayDeque<>();
    private final ExecutorService loader = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "vit4j-shards");
        thread.setDaemon(true);
        return thread;
    });
    private int submitted;

    /**
     * @param skip number of batches of the epoch that are done
     * @param stop request to stop, of process 0
     */
    RankGradients(
            TrainConfig train,
            TrainStep trainStep,
            BatchInputs batchInputs,
            RankSync ranks,
            DataLoader training,
            int epoch,
            int skip,
            BooleanSupplier stop,
            NonFiniteRerun rerun) {
        this.train = train;
        this.trainStep = trainStep;
        this.batchInputs = batchInputs;
        this.ranks = ranks;
        this.group = ranks.group().orElseThrow();
        this.stop = stop;
        this.rerun = rerun;
        this.examples = training.examples(epoch, skip, group.rank(), group.size());
        this.perEpoch = training.batchesPerEpoch();
        this.submitted = skip;
        submit();
    }

    private BatchShard shard(int batch) {
        return BatchShard.of(examples.size(batch), group.rank(), group.size());
    }

    private void submit() {
        while (loading.size() < AHEAD && submitted < perEpoch) {
            int batch = submitted++;
            loading.add(loader.submit(() -> examples.batch(batch, shard(batch))));
        }
    }

    private Batch take() {
        try {
            Batch loaded = loading.remove().get();
            submit();
            return loaded;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) throw cause;
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for a batch");
        }
    }

    @Override
    public List<BatchResult> next(int batch, int left) {
        BatchShard shard = shard(batch);
        Batch loaded = take();
        double share = (double) shard.size() / shard.batchSize();
        double loss = 0;
        long correct = 0;
        if (shard.size() > 0) {
            long draw = (long) examples.epoch() * perEpoch + batch;
            MixedBatch mixed = train.mix(loaded, shard, examples.epoch(), draw);
            Map<String, INDArray> inputs = batchInputs.inputs(mixed, shard, draw);
            loss = share * trainStep.forwardBackward(inputs);
            correct = batchInputs.correct(trainStep.lastLogits(), mixed);
            inputs.values().forEach(INDArray::close); // off-heap memory, which the garbage collector does not count
        }
        double[] sums = ranks.exchange(stop, loss, (double) correct, shard.size());
        boolean finite = trainStep.accumulateShard(group, share, left == 1);
        if (!Double.isFinite(sums[0]) || !finite) throw new NonFiniteException(sums[0], rerun.locate(batch, 1));
        return List.of(new BatchResult(sums[0], (long) sums[1], (int) sums[2]));
    }

    @Override
    public void close() {
        loading.forEach(future -> future.cancel(false));
        loader.shutdown();
        examples.close();
    }
}
