package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.Attention;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.SinusoidalPositions;
import org.vit4j.layers.TokenPerformer;
import org.vit4j.layers.TokenPool;
import org.vit4j.layers.TokenTransformer;
import org.vit4j.layers.TransformerBlock;

/**
 * T2T-ViT: "Tokens-to-Token ViT", Yuan et al. 2021, arXiv:2101.11986. Repeatedly unfolds overlapping windows to tokens,
 * applies attention to them and reshapes them to a grid for the next windows.
 *
 * <p>official: yitu-opensource/T2T-ViT, {@code models/t2t_vit.py}: narrow token modules between the splits, fixed
 * sinusoid positions; community: lucidrains/vit-pytorch 0.20.2, {@code t2t.py}: a transformer layer of full width after
 * every split, learned positions.
 *
 * @param splits windows of the soft splits; the community code pads by half the stride
 * @param tokensType attention of the token modules between the splits (official)
 * @param tokenDim width of the tokens of the token modules (official)
 * @param tokenDrop dropout of the performer token modules; a constant 0.1 in the authors' code
 * @param qkScale factor of the scores in the blocks, 1/sqrt(d) if empty; the authors' factory sets 1/sqrt(dim) with
 *     {@code pretrained=True}, their evaluation does not
 * @param distilled true for a distillation token after the patches, without a position, with its own norm and head
 *     (vit-pytorch's {@code distill.py}; the authors' code has none)
 */
public record T2tVit(
        Flavor flavor,
        ImageSpec image,
        int classes,
        List<Window> splits,
        T2tModule tokensType,
        int tokenDim,
        double tokenDrop,
        int dim,
        int depth,
        int heads,
        int headDim,
        int mlpDim,
        boolean qkvBias,
        OptionalDouble qkScale,
        TokenPool pool,
        boolean distilled,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    /** Attention of a token module: linear in the number of tokens, or exact. */
    public enum T2tModule {
        PERFORMER,
        TRANSFORMER
    }

    public T2tVit {
        splits = List.copyOf(splits);
        Checks.positive("classes", classes);
        Checks.positive("token_dim", tokenDim);
        Checks.positive("dim", dim);
        Checks.positive("depth", depth);
        Checks.positive("heads", heads);
        Checks.positive("head_dim", headDim);
        Checks.positive("mlp_dim", mlpDim);
        Checks.rate("token_drop", tokenDrop);
        Checks.check(!splits.isEmpty(), "soft_split", splits, "must have at least one window");
        boolean official = flavor == Flavor.OFFICIAL;
        Checks.require(
                !official || dim == heads * headDim,
                "dim (%d) must be heads x head_dim (%d x %d) in the official flavor",
                dim,
                heads,
                headDim);
        Checks.check(
                !official || tokensType == T2tModule.TRANSFORMER || tokenDim >= 2,
                "token_dim",
                tokenDim,
                "must be at least 2 for a performer, which has token_dim / 2 features");
        Checks.require(!official || pool == TokenPool.CLS, "pool (mean) is not supported by the official flavor");
    }

    static Optional<T2tVit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean official = flavor == Flavor.OFFICIAL;
        List<Window> splits = splits(s);
        T2tModule tokensType = s.enumAt("tokens_type", T2tModule.class, T2tModule.PERFORMER);
        int tokenDim = s.intAt("token_dim", 64);
        double tokenDrop = s.doubleAt("token_drop", 0.1);
        int dim = s.intAt("dim", official ? 768 : 512);
        int depth = s.intAt("depth", official ? 12 : 5);
        int heads = s.intAt("heads", official ? 12 : 8);
        if (official && heads > 0 && dim % heads != 0) {
            s.reject("heads", String.format(Locale.ROOT, "dim (%d) must be a multiple of heads (%d)", dim, heads));
        }
        int headDim = s.intAt("head_dim", official ? dim / Math.max(heads, 1) : 64);
        int mlpDim = s.has("mlp_dim") ? s.intAt("mlp_dim") : (int) (dim * s.doubleAt("mlp_ratio", official ? 4 : 1));
        boolean qkvBias = s.boolAt("qkv_bias", false);
        OptionalDouble qkScale = s.optionalDouble("qk_scale");
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        boolean distilled = s.boolAt("distilled", false);
        double eps = s.doubleAt("norm_eps", 1e-5);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            var config = new T2tVit(
                    flavor,
                    image,
                    classes,
                    splits,
                    tokensType,
                    tokenDim,
                    tokenDrop,
                    dim,
                    depth,
                    heads,
                    headDim,
                    mlpDim,
                    qkvBias,
                    qkScale,
                    pool,
                    distilled,
                    eps,
                    drops);
            config.build(); // throws if a window does not fit into the grid of the previous split
            return config;
        });
    }

    /** Reads {@code soft_split: [[7, 4, 2], ...]}: kernel, stride and padding, by default half the stride. */
    private static List<Window> splits(Section s) {
        List<Window> windows = new ArrayList<>();
        for (List<Integer> row : s.intListsAt("soft_split", List.of(List.of(7, 4), List.of(3, 2), List.of(3, 2)))) {
            try {
                Checks.require(row.size() == 2 || row.size() == 3, "expected [kernel, stride, padding], got %s", row);
                windows.add(Window.square(row.get(0), row.get(1), row.size() == 3 ? row.get(2) : row.get(1) / 2));
            } catch (IllegalArgumentException rule) {
                s.reject("soft_split", rule.getMessage());
            }
        }
        return windows;
    }

    @Override
    public String arch() {
        return "t2t_vit";
    }

    @Override
    public Graph build() {
        boolean official = flavor == Flavor.OFFICIAL;
        Graph g = new Graph(official ? Init.TIMM : Init.PYTORCH);
        Init tokenInit = official ? new Init.TruncatedNormalInit(0.02) : new Init.NormalInit(1);

        Tensor pixels = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        Tensor x = tokensToToken(g.scope("tokens_to_token"), pixels); // [T, D]
        PositionGrid grid = grid(pixels);
        x = g.concat("tokens", 0, g.learnedTokens("cls_token", x, 1, tokenInit), x); // [1 + T, D]
        x = official
                ? g.addPositions("pos_embed", x, Role.CONSTANT, SinusoidalPositions.table(x.dim(0), dim), grid)
                : g.addPositions("pos_embed", x, Role.POSITION, new Init.NormalInit(1), grid);
        if (distilled)
            x = g.concat("with_dist", 0, x, g.learnedTokens("dist_token", x, 1, tokenInit)); // [1 + T + 1, D]
        x = g.dropout("pos_drop", x, drops.embed());
        for (int i = 0; i < depth; i++) x = block().build(g.scope("blocks." + i), x, drops.path(i, depth));
        heads(g, x);
        return g;
    }

    /** [H, W, C] -> [T, D] */
    private Tensor tokensToToken(Graph g, Tensor grid) {
        Tensor x = grid;
        for (int i = 0; i < splits.size(); i++) {
            Window window = splits.get(i);
            int rows = outputSize(grid.dim(0), window.kernelHeight(), window.strideHeight(), window.padHeight());
            x = g.unfold("soft_split" + i, grid, window); // [T, C * k * k]
            x = tokenModule(g.scope("attention" + (i + 1)), x, i == splits.size() - 1); // [T, C']
            grid = g.reshape("grid" + i, x, rows, x.dim(0) / rows, x.dim(1)); // [h, w, C']
        }
        return g.dense("project", x, dim); // [T, D]
    }

    /** Layout of the position table: class token and the grid after all splits. */
    private PositionGrid grid(Tensor image) {
        int height = image.dim(0);
        int width = image.dim(1);
        for (Window window : splits) {
            height = outputSize(height, window.kernelHeight(), window.strideHeight(), window.padHeight());
            width = outputSize(width, window.kernelWidth(), window.strideWidth(), window.padWidth());
        }
        return new PositionGrid(1, height, width);
    }

    private static int outputSize(int size, int kernel, int stride, int pad) {
        return (size + 2 * pad - kernel) / stride + 1;
    }

    /** Token module of a split; in the authors' code the last split has none. */
    private Tensor tokenModule(Graph g, Tensor x, boolean last) {
        int width = x.dim(1);
        if (flavor == Flavor.COMMUNITY) {
            // A single head of full width has no output projection.
            var attention = new Attention(1, width, 1 / Math.sqrt(width), false, OptionalDouble.empty(), false, 0, 0);
            return new TransformerBlock(
                            attention, new Mlp(width, Activation.GELU, drops.proj()), PreNorm.plain(normEps))
                    .build(g, x, 0);
        }
        if (last) return x;
        return switch (tokensType) {
            case PERFORMER -> new TokenPerformer(tokenDim, tokenDim / 2, tokenDrop).build(g, x);
            // The authors scale by the width of the input instead of the head.
            case TRANSFORMER ->
                new TokenTransformer(tokenDim, 1, 1 / Math.sqrt(width), tokenDim, false, 0, 0, 0).build(g, x);
        };
    }

    private TransformerBlock block() {
        double scale = qkScale.orElse(1 / Math.sqrt(headDim));
        // vit-pytorch has neither output projection nor dropout after it for a single head of full width.
        boolean project = flavor == Flavor.OFFICIAL || heads > 1 || headDim != dim;
        var attention = new Attention(
                heads,
                headDim,
                scale,
                qkvBias,
                OptionalDouble.empty(),
                project,
                drops.attn(),
                project ? drops.proj() : 0);
        return new TransformerBlock(attention, new Mlp(mlpDim, Activation.GELU, drops.proj()), PreNorm.plain(normEps));
    }

    /** [T, D] -> [K], for two heads if distilled. As in vit-pytorch, predictions come from the class head. */
    private void heads(Graph g, Tensor x) {
        int last = x.dim(0);
        Tensor patches = distilled ? g.slice("without_dist", x, 0, 0, last - 1) : x; // [1 + T, D]
        Tensor pooled = pool == TokenPool.CLS ? token(g, "cls", x, 0) : g.mean("pool", patches, 0); // [D]
        pooled = g.dropout("head_drop", g.layerNorm("norm", pooled, normEps), drops.head());
        Tensor logits = g.dense("head", pooled, classes); // [K]
        g.output("logits", logits);
        if (!distilled) return;
        Tensor dist = g.layerNorm("dist_norm", token(g, "dist", x, last - 1), normEps); // [D]
        g.output("logits_class", logits);
        g.output("logits_distill", g.dense("head_dist", dist, classes)); // [K]
    }

    private Tensor token(Graph g, String name, Tensor x, int index) {
        return g.reshape(name + "_flat", g.slice(name, x, 0, index, index + 1), dim); // [D]
    }

    @Override
    public CheckpointNames keys() {
        if (flavor == Flavor.OFFICIAL) return CheckpointNames.SAME;
        List<String> pairs = new ArrayList<>(List.of(
                "pos_embed", "pos_embedding",
                "dist_token", "distillation_token",
                "dist_norm", "distill_mlp.0",
                "head_dist", "distill_mlp.1",
                "norm", "mlp_head.0",
                "head", "mlp_head.1",
                "tokens_to_token.project", "to_patch_embedding." + 4 * splits.size()));
        // In vit-pytorch each split is four modules: to grid, unfold, to tokens, transformer.
        for (int i = 0; i < splits.size(); i++) {
            layer(pairs, "tokens_to_token.attention" + (i + 1), "to_patch_embedding." + (4 * i + 3) + ".layers.0");
        }
        layer(pairs, "blocks.{i}", "transformer.layers.{i}");
        return CheckpointNames.of(pairs.toArray(String[]::new));
    }

    private static void layer(List<String> pairs, String path, String key) {
        pairs.addAll(List.of(
                path + ".norm1", key + ".0.norm",
                path + ".attn.qkv", key + ".0.fn.to_qkv",
                path + ".attn.proj", key + ".0.fn.to_out.0",
                path + ".norm2", key + ".1.norm",
                path + ".mlp.fc1", key + ".1.fn.net.0",
                path + ".mlp.fc2", key + ".1.fn.net.3"));
    }
}
