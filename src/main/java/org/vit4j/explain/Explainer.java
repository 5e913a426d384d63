package org.vit4j.explain;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.data.Image;
import org.vit4j.data.Preprocessing;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.SpatialMap;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.TokenGrid;
import org.vit4j.model.SavedModel;

/**
 * What a network looks at.
 *
 * <pre>{@code
 * try (var model = SavedModel.load(file); var explainer = Explainer.of(model)) {
 *     BufferedImage picture = explainer.gradCam(image).over(explainer.view(image));
 * }
 * }</pre>
 *
 * <p>Pictures come as they are read; the network's own preprocessing is applied. A mistake in what is asked for, or a
 * method that has no meaning for this network, is a {@link ConfigError} of one line. For one thread.
 */
public final class Explainer implements AutoCloseable {
    private final Preprocessing preprocess;
    private final Graph graph;
    private final Map<String, SpatialMap> places;
    private final List<AttentionLayer> attentions;
    private final ActivationGradients probe;

    private Explainer(Preprocessing preprocess, ActivationGradients probe) {
        this.preprocess = preprocess;
        this.graph = probe.graph();
        this.places = SpatialMap.of(graph);
        this.attentions = AttentionLayer.of(graph);
        this.probe = probe;
    }

    /** Of a saved model, which must stay open. */
    public static Explainer of(SavedModel model) {
        ActivationGradients probe =
                new ActivationGradients(model.graph(), model.parameters(), Backend.AUTO, model.inference(), false);
        return new Explainer(model.description().preprocess(), probe);
    }

    /** Of a network that is being trained, or was just made. */
    public static Explainer of(Graph graph, ParameterStore parameters, Preprocessing preprocess, Backend engine) {
        return new Explainer(preprocess, new ActivationGradients(graph, parameters, engine));
    }

    /** The picture as the network sees it, before normalizing. */
    public Image view(Image image) {
        return preprocess.view(image);
    }

    /** The layers of softmax attention, in their order. */
    public List<AttentionLayer> attentions() {
        return attentions;
    }

    /** Layers that attend by random features: they have no map, and what needs maps leaves them out. */
    public List<String> withoutMaps() {
        return AttentionLayer.withoutMaps(graph);
    }

    /** Tensors that {@link #gradCam} can be taken of: those with a grid whose cells change the logits. */
    public List<String> spatialLayers() {
        return LogitDependence.spatial(graph, places).stream().map(Tensor::name).toList();
    }

    /** The last sum of a block's input and branches whose cells change the logits. */
    public String gradCamLayer() {
        List<Tensor> layers = LogitDependence.spatial(graph, places);
        return layers.stream()
                .filter(t -> t.op() instanceof Op.Add)
                .reduce((before, last) -> last)
                .orElse(layers.get(layers.size() - 1))
                .name();
    }

    /** The class with the largest logit. */
    public int predicted(Image image) {
        return probe.logits(images(List.of(image))).argMax(1).getInt(0);
    }

    /** Grad-CAM of the likeliest class at {@link #gradCamLayer}. */
    public HeatMap gradCam(Image image) {
        return gradCam(image, gradCamLayer(), OptionalInt.empty());
    }

    /**
     * Grad-CAM: which cells of a layer speak for a class.
     *
     * @param layer one of {@link #spatialLayers}
     * @param of the class; the likeliest one when left out
     */
    public HeatMap gradCam(Image image, String layer, OptionalInt of) {
        TokenGrid grid = places(layer)
                .spatial()
                .orElseThrow(
                        () -> new ConfigError(layer + " " + graph.tensor(layer).shape()
                                + ": has no grid on the image, which Grad-CAM needs; try " + gradCamLayer()));
        if (!spatialLayers().contains(layer)) {
            throw new ConfigError(layer + ": its cells do not change the logits, so Grad-CAM would be empty; the last"
                    + " layer that counts is " + gradCamLayer());
        }
        ActivationGradients.ActivationGradient slope = slope(layer, image, of);
        double[] map = GradCam.map(slope.value(), slope.gradient(), 0, grid);
        return new HeatMap(layer, grid, HeatMap.rows(map, grid), true);
    }

    /**
     * The largest change of the class's logit by a channel of each pixel, as the network sees it (Simonyan et al. 2014,
     * arXiv:1312.6034, section 3).
     */
    public HeatMap saliency(Image image, OptionalInt of) {
        Tensor input = graph.tensors().iterator().next();
        TokenGrid grid = places(input.name()).image().orElseThrow();
        float[] gradient = slope(input.name(), image, of).gradient().data().asFloat();
        int channels = input.shape().last();
        double[] pixels = new double[grid.grid()];
        for (int i = 0; i < gradient.length; i++) {
            pixels[i / channels] = Math.max(pixels[i / channels], Math.abs(gradient[i]));
        }
        return new HeatMap(input.name(), grid, HeatMap.rows(pixels, grid), false);
    }

    private ActivationGradients.ActivationGradient slope(String tensor, Image image, OptionalInt of) {
        int chosen = of.isPresent() ? of.getAsInt() : predicted(image);
        return probe.slope(tensor, images(List.of(image)), new int[] {chosen});
    }

    /**
     * The attention of one layer: what the class token looks at or, where there is none, how much each cell is looked
     * at on average.
     *
     * @param layer the name of an {@link AttentionLayer}, or a tensor of maps [H, T, S]
     * @param head from 0; the mean over heads when left out
     */
    public HeatMap attention(Image image, String layer, OptionalInt head) {
        AttentionLayer maps = attentionLayer(layer);
        TokenGrid keys = maps.keys();
        if (!keys.hasGrid()) {
            throw new ConfigError(layer + ": looks at tokens that have no place on the image");
        }
        if (head.isPresent() && (head.getAsInt() < 0 || head.getAsInt() >= maps.heads())) {
            throw new ConfigError(layer + ": has heads 0 to " + (maps.heads() - 1) + ", not " + head.getAsInt());
        }
        float[] all = one(maps.softmax(), image).data().asFloat();
        int queries = maps.queries().tokens();
        int asked = maps.queries().before() > 0 ? 1 : queries; // the class token stands first
        double[] cells = new double[keys.grid()];
        for (int h = 0; h < maps.heads(); h++) {
            if (head.isPresent() && head.getAsInt() != h) continue;
            for (int q = 0; q < asked; q++) {
                int row = (h * queries + q) * keys.tokens() + keys.before();
                for (int k = 0; k < cells.length; k++) cells[k] += Math.abs(all[row + k]);
            }
        }
        int count = asked * (head.isPresent() ? 1 : maps.heads());
        for (int k = 0; k < cells.length; k++) cells[k] /= count;
        return new HeatMap(maps.softmax(), keys, HeatMap.rows(cells, keys), false);
    }

    private AttentionLayer attentionLayer(String name) {
        if (attentions.isEmpty()) throw noMaps();
        Optional<AttentionLayer> known = attentions.stream()
                .filter(layer -> List.of(layer.name(), layer.softmax()).contains(name))
                .findFirst();
        if (known.isPresent()) return known.get();
        // Any other stage of a layer's maps: after heads were mixed, say.
        for (AttentionLayer layer : attentions) {
            if (layer.applied().equals(name)) {
                int heads = graph.tensor(name).dim(0);
                return new AttentionLayer(layer.name(), name, name, heads, layer.queries(), layer.keys());
            }
        }
        if (withoutMaps().contains(name)) {
            throw new ConfigError(name + ": attends by random features and has no map");
        }
        List<String> names = attentions.stream().map(AttentionLayer::name).toList();
        throw new ConfigError(name + ": is no layer of attention" + Suggestions.hint(name, names) + "; there are "
                + names.get(0) + " to " + names.get(names.size() - 1));
    }

    private ConfigError noMaps() {
        return new ConfigError(
                withoutMaps().isEmpty()
                        ? "this network has no attention, so there are no maps of it"
                        : "this network attends by random features only, which have no maps");
    }

    /** The last layer of attention that looks at places on the image. */
    public String attentionLayer() {
        if (attentions.isEmpty()) throw noMaps();
        return attentions.stream()
                .filter(layer -> layer.keys().hasGrid())
                .reduce((before, last) -> last)
                .orElseThrow(() -> new ConfigError("no layer of attention looks at places on the image"))
                .name();
    }

    /** What the head reads: the input of the dense layer that makes the logits, or of the first of several. */
    public String featureLayer() {
        Tensor t = graph.outputs().get("logits");
        while (!(t.op() instanceof Op.Dense)) t = t.input();
        Tensor read = t.input();
        while (read.op() instanceof Op.Dropout) read = read.input();
        return read.name();
    }

    /** How much of each place on the image is in the logits, when attention is followed through all layers. */
    public HeatMap rollout(Image image) {
        if (attentions.isEmpty()) throw noMaps();
        Map<String, INDArray> values = maps(attentions, AttentionLayer::applied, image);
        Map<String, Rollout.AttentionMaps> means = new LinkedHashMap<>();
        values.forEach((name, maps) -> means.put(name, Rollout.mean(maps)));
        return Rollout.heat(Rollout.of(graph, means));
    }

    /** Mean attention distance of every layer whose queries and keys lie on the image, in pixels of what it sees. */
    public HeadTable distance(List<Image> images) {
        List<AttentionLayer> layers =
                attentions.stream().filter(AttentionDistance::exists).toList();
        if (attentions.isEmpty()) throw noMaps();
        if (layers.isEmpty()) throw new ConfigError("no layer has both queries and keys on the image");
        List<double[]> sums =
                layers.stream().map(layer -> new double[layer.heads()]).toList();
        for (Image image : images) {
            Map<String, INDArray> maps = maps(layers, AttentionLayer::softmax, image);
            for (int i = 0; i < layers.size(); i++) {
                AttentionLayer layer = layers.get(i);
                double[] heads = AttentionDistance.byHead(maps.get(layer.softmax()), layer.queries(), layer.keys());
                for (int h = 0; h < heads.length; h++) sums.get(i)[h] += heads[h] / images.size();
            }
        }
        return new HeadTable(
                layers.stream().map(AttentionLayer::name).toList(),
                sums.stream().map(row -> Arrays.stream(row).boxed().toList()).toList());
    }

    /** What {@link #distance} would be for layers that look everywhere alike; there is little in one that is near it. */
    public List<Double> uniformDistance() {
        return attentions.stream()
                .filter(AttentionDistance::exists)
                .map(layer -> AttentionDistance.uniform(layer.queries(), layer.keys()))
                .toList();
    }

    /** How alike the maps of all layers are that weigh the values; only layers of one shape can be compared. */
    public LayerSimilarity similarity(List<Image> images) {
        if (attentions.isEmpty()) throw noMaps();
        int count = attentions.size();
        double[][] between = new double[count][count];
        for (Image image : images) {
            Map<String, INDArray> maps = maps(attentions, AttentionLayer::applied, image);
            for (int i = 0; i < count; i++) {
                for (int j = 0; j < count; j++) {
                    INDArray a = maps.get(attentions.get(i).applied());
                    INDArray b = maps.get(attentions.get(j).applied());
                    boolean same = Arrays.equals(a.shape(), b.shape());
                    between[i][j] += (same ? MapSimilarity.between(a, b) : Double.NaN) / images.size();
                }
            }
        }
        return new LayerSimilarity(attentions.stream().map(AttentionLayer::name).toList(), between);
    }

    /** Any tensor of the graph, [N, ..] as the summary shows it. */
    public INDArray features(List<Image> images, String tensor) {
        places(tensor);
        return probe.values(List.of(tensor), images(images)).get(tensor);
    }

    private INDArray one(String tensor, Image image) {
        return probe.values(List.of(tensor), images(List.of(image))).get(tensor);
    }

    private Map<String, INDArray> maps(
            List<AttentionLayer> layers, Function<AttentionLayer, String> which, Image image) {
        return probe.values(layers.stream().map(which).distinct().toList(), images(List.of(image)));
    }

    private SpatialMap places(String tensor) {
        SpatialMap found = places.get(tensor);
        if (found != null) return found;
        throw new ConfigError(tensor + ": no such tensor" + Suggestions.hint(tensor, places.keySet())
                + "; see the summary for all names");
    }

    private INDArray images(List<Image> images) {
        return preprocess.batch(images);
    }

    @Override
    public void close() {
        probe.close();
    }
}
