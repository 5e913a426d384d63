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
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.LogitDependence;
import org.vit4j.graph.analysis.SpatialMap;
import org.vit4j.graph.analysis.TokenGrid;
import org.vit4j.model.Network;
import org.vit4j.model.SavedModel;

/**
 * Explains the predictions of a network.
 *
 * <pre>{@code
 * try (var model = SavedModel.load(file); var explainer = Explainer.of(model)) {
 *     BufferedImage overlay = explainer.gradCam(image).overlay(explainer.view(image));
 * }
 * }</pre>
 *
 * <p>Images are passed as they were read; the network's preprocessing is applied here. Invalid arguments, and methods
 * that do not apply to the network, raise a {@link ConfigError} of one line. Not thread-safe.
 */
public final class Explainer implements AutoCloseable {
    private final Preprocessing preprocess;
    private final Graph graph;
    private final Map<String, SpatialMap> spatialMaps;
    private final List<AttentionLayer> attentionLayers;
    private final ActivationGradients activations;

    private Explainer(Preprocessing preprocess, ActivationGradients activations) {
        this.preprocess = preprocess;
        this.graph = activations.graph();
        this.spatialMaps = SpatialMap.of(graph);
        this.attentionLayers = AttentionLayer.of(graph);
        this.activations = activations;
    }

    /** Creates an explainer of a saved model, which must stay open, on the model's backend. */
    public static Explainer of(SavedModel model) {
        ActivationGradients activations =
                new ActivationGradients(model.graph(), model.parameters(), model.backend(), model.inference(), false);
        return new Explainer(model.description().preprocess(), activations);
    }

    /** Creates an explainer of a network. */
    public static Explainer of(Network network) {
        return of(network.graph(), network.parameters(), network.description().preprocess(), Backend.AUTO);
    }

    /** Creates an explainer of a network during training or before it was saved. */
    public static Explainer of(Graph graph, ParameterStore parameters, Preprocessing preprocess, Backend backend) {
        return new Explainer(preprocess, new ActivationGradients(graph, parameters, backend));
    }

    /** Returns the image after resizing and cropping, before normalization. */
    public Image view(Image image) {
        return preprocess.view(image);
    }

    /** Returns the softmax attention layers, in graph order. */
    public List<AttentionLayer> attentionLayers() {
        return attentionLayers;
    }

    /** Returns the names of layers with attention by random features. They have no attention maps and are left out. */
    public List<String> layersWithoutMaps() {
        return AttentionLayer.withoutMaps(graph);
    }

    /** Returns the tensors that {@link #gradCam} accepts: those with a grid whose cells affect the logits. */
    public List<String> spatialLayers() {
        return LogitDependence.spatial(graph, spatialMaps).stream()
                .map(Tensor::name)
                .toList();
    }

    /** Returns the default layer of {@link #gradCam}: the last residual sum whose cells affect the logits. */
    public String gradCamLayer() {
        List<Tensor> layers = LogitDependence.spatial(graph, spatialMaps);
        return layers.stream()
                .filter(t -> t.op() instanceof ArithmeticOp.Add)
                .reduce((before, last) -> last)
                .orElse(layers.get(layers.size() - 1))
                .name();
    }

    /** Returns the index of the class with the largest logit. */
    public int predictedClass(Image image) {
        return activations.logits(images(List.of(image))).argMax(1).getInt(0);
    }

    /** Computes Grad-CAM of the predicted class at {@link #gradCamLayer}. */
    public HeatMap gradCam(Image image) {
        return gradCam(image, gradCamLayer(), OptionalInt.empty());
    }

    /**
     * Computes Grad-CAM: the cells of a layer that raise the logit of a class.
     *
     * @param layer one of {@link #spatialLayers}
     * @param classIndex class to explain; the predicted class if empty
     */
    public HeatMap gradCam(Image image, String layer, OptionalInt classIndex) {
        TokenGrid grid = spatialMap(layer)
                .spatial()
                .orElseThrow(
                        () -> new ConfigError(layer + " " + graph.tensor(layer).shape()
                                + ": has no grid on the image, which Grad-CAM requires; try " + gradCamLayer()));
        if (!spatialLayers().contains(layer)) {
            throw new ConfigError(layer + ": its cells do not affect the logits, so Grad-CAM would be zero; the last"
                    + " layer that affects them is " + gradCamLayer());
        }
        ActivationGradients.ActivationGradient result = gradient(layer, image, classIndex);
        double[] map = GradCam.map(result.value(), result.gradient(), 0, grid);
        return new HeatMap(layer, grid, HeatMap.rows(map, grid), true);
    }

    /**
     * Computes the saliency map: the maximum over channels of the absolute gradient of the class's logit with respect
     * to each pixel of the preprocessed image (Simonyan et al. 2014, arXiv:1312.6034, section 3).
     *
     * @param classIndex class to explain; the predicted class if empty
     */
    public HeatMap saliency(Image image, OptionalInt classIndex) {
        Tensor input = graph.input();
        TokenGrid grid = spatialMap(input.name()).image().orElseThrow();
        float[] gradient =
                gradient(input.name(), image, classIndex).gradient().data().asFloat();
        int channels = input.shape().last();
        double[] pixels = new double[grid.grid()];
        for (int i = 0; i < gradient.length; i++) {
            pixels[i / channels] = Math.max(pixels[i / channels], Math.abs(gradient[i]));
        }
        return new HeatMap(input.name(), grid, HeatMap.rows(pixels, grid), false);
    }

    private ActivationGradients.ActivationGradient gradient(String tensor, Image image, OptionalInt classIndex) {
        int target = classIndex.isPresent() ? classIndex.getAsInt() : predictedClass(image);
        return activations.gradient(tensor, images(List.of(image)), new int[] {target});
    }

    /**
     * Computes the attention of one layer: the probabilities of the class token's query or, if there is no class token,
     * the mean over all queries.
     *
     * @param layer name of an {@link AttentionLayer} or of a tensor of attention maps [H, T, S]
     * @param head from 0; the mean over heads if empty
     */
    public HeatMap attention(Image image, String layer, OptionalInt head) {
        return attention(image, layer, head, HeadFusion.MEAN);
    }

    /**
     * Computes the attention of one layer as {@link #attention(Image, String, OptionalInt)}.
     *
     * @param fusion combines the heads if {@code head} is empty
     */
    public HeatMap attention(Image image, String layer, OptionalInt head, HeadFusion fusion) {
        AttentionLayer maps = attentionOnImage(layer);
        if (head.isPresent() && (head.getAsInt() < 0 || head.getAsInt() >= maps.heads())) {
            throw new ConfigError(layer + ": head " + head.getAsInt() + " out of range [0, " + maps.heads() + ")");
        }
        double[][] heads =
                AttentionRows.perHead(value(maps.softmax(), image).data().asFloat(), maps);
        double[] cells = head.isPresent() ? heads[head.getAsInt()] : AttentionRows.fuse(heads, fusion);
        return new HeatMap(maps.softmax(), maps.keys(), HeatMap.rows(cells, maps.keys()), false);
    }

    /** Computes the attention of each head of a layer, as {@link #attention(Image, String, OptionalInt)} with a head. */
    public List<HeatMap> heads(Image image, String layer) {
        AttentionLayer maps = attentionOnImage(layer);
        double[][] heads =
                AttentionRows.perHead(value(maps.softmax(), image).data().asFloat(), maps);
        return Arrays.stream(heads)
                .map(cells -> new HeatMap(maps.softmax(), maps.keys(), HeatMap.rows(cells, maps.keys()), false))
                .toList();
    }

    private AttentionLayer attentionOnImage(String layer) {
        AttentionLayer maps = attentionLayer(layer);
        if (!maps.keys().hasGrid()) throw new ConfigError(layer + ": its keys have no position on the image");
        return maps;
    }

    private AttentionLayer attentionLayer(String name) {
        if (attentionLayers.isEmpty()) throw noMaps();
        Optional<AttentionLayer> known = attentionLayers.stream()
                .filter(layer -> List.of(layer.name(), layer.softmax()).contains(name))
                .findFirst();
        if (known.isPresent()) return known.get();
        // A tensor of maps after the softmax, for example after heads were mixed.
        for (AttentionLayer layer : attentionLayers) {
            if (layer.applied().equals(name)) {
                int heads = graph.tensor(name).dim(0);
                return new AttentionLayer(layer.name(), name, name, heads, layer.queries(), layer.keys());
            }
        }
        if (layersWithoutMaps().contains(name)) {
            throw new ConfigError(name + ": attends by random features and has no attention map");
        }
        List<String> names = attentionLayers.stream().map(AttentionLayer::name).toList();
        throw new ConfigError(name + ": not an attention layer" + Suggestions.hint(name, names) + "; the network has "
                + names.get(0) + " to " + names.get(names.size() - 1));
    }

    private ConfigError noMaps() {
        return new ConfigError(
                layersWithoutMaps().isEmpty()
                        ? "this network has no attention layers"
                        : "this network attends by random features only, which have no attention maps");
    }

    /** Returns the default layer of {@link #attention}: the last one whose keys have positions on the image. */
    public String attentionLayer() {
        if (attentionLayers.isEmpty()) throw noMaps();
        return attentionLayers.stream()
                .filter(layer -> layer.keys().hasGrid())
                .reduce((before, last) -> last)
                .orElseThrow(() -> new ConfigError("no attention layer has keys with positions on the image"))
                .name();
    }

    /** Returns the default layer of {@link #features}: the input of the classifier, or of the first of several. */
    public String featureLayer() {
        Tensor t = graph.logits();
        while (!(t.op() instanceof LinearOp.Dense)) t = t.input();
        Tensor features = t.input();
        while (features.op() instanceof DropOp.Dropout) features = features.input();
        return features.name();
    }

    /** Computes attention rollout: the contribution of each image position to the logits through all layers. */
    public HeatMap rollout(Image image) {
        return rollout(image, RolloutOptions.PAPER);
    }

    /** Computes attention rollout with the options of vit-explain. */
    public HeatMap rollout(Image image, RolloutOptions options) {
        if (attentionLayers.isEmpty()) throw noMaps();
        Map<String, INDArray> values = maps(attentionLayers, AttentionLayer::applied, image);
        Map<String, Rollout.AttentionMaps> fused = new LinkedHashMap<>();
        for (AttentionLayer layer : attentionLayers) {
            boolean classToken = layer.queries().before() > 0 && layer.keys().before() > 0;
            fused.put(layer.applied(), FusedHeads.of(values.get(layer.applied()), options, classToken));
        }
        return Rollout.heatMap(Rollout.of(graph, fused, options.keepsRowSums()));
    }

    /**
     * Computes the mean attention distance of every layer whose queries and keys have positions on the image, in pixels
     * of the preprocessed image.
     */
    public HeadTable distance(List<Image> images) {
        requireImages(images);
        List<AttentionLayer> layers =
                attentionLayers.stream().filter(AttentionDistance::isDefined).toList();
        if (attentionLayers.isEmpty()) throw noMaps();
        if (layers.isEmpty())
            throw new ConfigError("no attention layer has positions on the image for both queries and keys");
        List<double[]> sums =
                layers.stream().map(layer -> new double[layer.heads()]).toList();
        for (Image image : images) {
            Map<String, INDArray> maps = maps(layers, AttentionLayer::softmax, image);
            for (int i = 0; i < layers.size(); i++) {
                AttentionLayer layer = layers.get(i);
                double[] heads = AttentionDistance.perHead(maps.get(layer.softmax()), layer.queries(), layer.keys());
                for (int h = 0; h < heads.length; h++) sums.get(i)[h] += heads[h] / images.size();
            }
        }
        return new HeadTable(
                layers.stream().map(AttentionLayer::name).toList(),
                sums.stream().map(row -> Arrays.stream(row).boxed().toList()).toList());
    }

    /** Returns the values that {@link #distance} would have for uniform attention, as a baseline. */
    public List<Double> uniformDistance() {
        return attentionLayers.stream()
                .filter(AttentionDistance::isDefined)
                .map(layer -> AttentionDistance.uniform(layer.queries(), layer.keys()))
                .toList();
    }

    /** Computes the similarity of the applied attention maps of all pairs of layers with maps of the same shape. */
    public LayerSimilarity similarity(List<Image> images) {
        requireImages(images);
        if (attentionLayers.isEmpty()) throw noMaps();
        int count = attentionLayers.size();
        double[][] cosines = new double[count][count];
        for (Image image : images) {
            Map<String, INDArray> maps = maps(attentionLayers, AttentionLayer::applied, image);
            for (int i = 0; i < count; i++) {
                for (int j = 0; j < count; j++) {
                    INDArray a = maps.get(attentionLayers.get(i).applied());
                    INDArray b = maps.get(attentionLayers.get(j).applied());
                    boolean comparable = Arrays.equals(a.shape(), b.shape());
                    cosines[i][j] += (comparable ? MapSimilarity.meanCosine(a, b) : Double.NaN) / images.size();
                }
            }
        }
        return new LayerSimilarity(
                attentionLayers.stream().map(AttentionLayer::name).toList(), cosines);
    }

    /** Computes any tensor of the graph, [N, ..] with the shape that the summary shows. */
    public INDArray features(List<Image> images, String tensor) {
        requireImages(images);
        spatialMap(tensor); // rejects unknown names
        return activations.values(List.of(tensor), images(images)).get(tensor);
    }

    private static void requireImages(List<Image> images) {
        if (images.isEmpty()) throw new ConfigError("no images; expected at least one");
    }

    private INDArray value(String tensor, Image image) {
        return activations.values(List.of(tensor), images(List.of(image))).get(tensor);
    }

    private Map<String, INDArray> maps(
            List<AttentionLayer> layers, Function<AttentionLayer, String> tensor, Image image) {
        return activations.values(layers.stream().map(tensor).distinct().toList(), images(List.of(image)));
    }

    private SpatialMap spatialMap(String tensor) {
        SpatialMap found = spatialMaps.get(tensor);
        if (found != null) return found;
        throw new ConfigError(tensor + ": unknown tensor" + Suggestions.hint(tensor, spatialMaps.keySet())
                + "; the summary command lists all names");
    }

    private INDArray images(List<Image> images) {
        return preprocess.batch(images);
    }

    @Override
    public void close() {
        activations.close();
    }
}
