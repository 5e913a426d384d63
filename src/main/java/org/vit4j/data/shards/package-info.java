/**
 * Images in shards: tar files as WebDataset writes them, and Parquet files as Hugging Face writes them.
 *
 * <p>{@link org.vit4j.data.shards.ShardDatasets} finds the files of both splits, indexes them, and opens them as
 * {@link org.vit4j.data.shards.ShardedImages}. A {@link org.vit4j.data.shards.Shard} is a file with its labels, names and the
 * places of its images. {@link org.vit4j.data.shards.ReadAhead} reads the images of an epoch in the order of the files.
 */
package org.vit4j.data.shards;
