//! Everything that can be found: the layers of all sources, merged.

use std::io::{self, Write};
use std::sync::Arc;

use super::changes::Changes;
use super::claude_code::{self, ClientView, Listed, ListingSize};
use super::definition::Definition;
use super::kind::{Kind, KindMap};
use super::layer::{self, Layer, LayerId, Plugin, ScanReport};
use super::lookup::{Lookup, NameIndex};
use super::merge::{self, Merged};
use super::origin::Scope;
use super::persist;
use super::problem::Problem;
use super::roles::Roles;

/// The merged layers of one moment, immutable. Of one layer it shares everything.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Highest precedence first.
    layers: Vec<Arc<Layer>>,
    definitions: Arc<[Arc<Definition>]>,
    /// Definitions that another layer precedes, ordered by kind and id.
    shadowed: Arc<[Arc<Definition>]>,
    names: NameIndex,
    problems: Arc<[Problem]>,
    plugins: Arc<[Plugin]>,
    roles: Roles,
}

impl Catalog {
    /// The catalog of these layers, each of another id.
    ///
    /// Where several have the same kind and id, the one with the highest precedence serves ([`Scope::precedence`]). Roles
    /// name agents of any layer; of several roles of one name, that of the layer with the highest precedence counts.
    pub fn merge(layers: impl IntoIterator<Item = Arc<Layer>>) -> Catalog {
        let mut layers: Vec<Arc<Layer>> = layers.into_iter().collect();
        layers.sort_by(|a, b| a.id.cmp(&b.id));
        let (filled, empty): (Vec<_>, Vec<_>) =
            layers.iter().partition(|layer| !layer.definitions.is_empty());
        let (mut catalog, noted, listing) = match (&*filled, &*empty) {
            ([], []) => return Catalog::default(),
            ([only], _) | ([], [only, ..]) => Catalog::of_one(only),
            (several, _) => Catalog::of_several(several),
        };
        if layers.len() > 1 {
            catalog.plugins = layers.iter().flat_map(|layer| layer.plugins.iter().cloned()).collect();
        }
        let (roles, mut problems) =
            Roles::resolve(layers.iter().map(|layer| &layer.registry), &catalog.names);
        problems.extend(claude_code::listing_problem(&catalog.definitions, &noted, listing));
        problems.extend(noted.iter().cloned());
        problems.extend(empty.iter().flat_map(|layer| layer.problems.iter().cloned()));
        // What was noted is in order, so that this costs little more than a look at it.
        problems.sort();
        problems.dedup();
        Catalog { layers, problems: problems.into(), roles, ..catalog }
    }

    /// What a single layer says, shared; with its problems and the size of its listing.
    fn of_one(layer: &Layer) -> (Catalog, Arc<[Problem]>, ListingSize) {
        let catalog = Catalog {
            definitions: Arc::clone(&layer.definitions),
            names: layer.names.clone(),
            plugins: Arc::clone(&layer.plugins),
            ..Catalog::default()
        };
        (catalog, Arc::clone(&layer.problems), layer.listing)
    }

    fn of_several(layers: &[&Arc<Layer>]) -> (Catalog, Arc<[Problem]>, ListingSize) {
        let Merged { serving: definitions, shadowed, mut problems } = merge::merge(layers);
        problems.extend(layers.iter().flat_map(|layer| layer.problems.iter().cloned()));
        problems.sort();
        let definitions: Arc<[Arc<Definition>]> = definitions.into();
        let listing = ListingSize::of(&definitions, &problems);
        let catalog = Catalog {
            names: NameIndex::new(&definitions),
            definitions,
            shadowed: shadowed.into(),
            ..Catalog::default()
        };
        (catalog, problems.into(), listing)
    }

    /// A catalog of these definitions alone.
    pub fn from_definitions<D: Into<Arc<Definition>>>(definitions: impl IntoIterator<Item = D>) -> Catalog {
        let id = LayerId::only(Scope::Project);
        Catalog::merge([Arc::new(Layer::new(id, definitions, Vec::new()))])
    }

    /// Its layers, the one of the highest precedence first.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// The layer of that id, if it has one.
    pub fn layer(&self, id: &LayerId) -> Option<&Arc<Layer>> {
        self.layers.iter().find(|layer| layer.id == *id)
    }

    /// All definitions, ordered by kind, id and path; an index into this slice is stable for the life of the catalog.
    pub fn definitions(&self) -> &[Arc<Definition>] {
        &self.definitions
    }

    /// The same to keep.
    pub fn shared_definitions(&self) -> Arc<[Arc<Definition>]> {
        Arc::clone(&self.definitions)
    }

    /// The definitions of that kind, ordered by id and path.
    pub fn of_kind(&self, kind: Kind) -> &[Arc<Definition>] {
        let from = self.definitions.partition_point(|definition| definition.kind < kind);
        let until = self.definitions.partition_point(|definition| definition.kind <= kind);
        &self.definitions[from..until]
    }

    /// The definitions of that kind and id that do not serve, since another layer precedes theirs; the highest precedence
    /// first.
    pub fn shadowed(&self, kind: Kind, id: &str) -> &[Arc<Definition>] {
        let key = |definition: &Arc<Definition>| (definition.kind, definition.id.as_str()).cmp(&(kind, id));
        let from = self.shadowed.partition_point(|definition| key(definition).is_lt());
        let until = self.shadowed.partition_point(|definition| key(definition).is_le());
        &self.shadowed[from..until]
    }

    /// What was wrong with what sources hold, and what was done about it, ordered by path.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Adds problems of files that a catalog is not read from.
    pub fn add_problems(&mut self, more: Vec<Problem>) {
        if more.is_empty() {
            return;
        }
        let mut all = self.problems.to_vec();
        all.extend(more);
        all.sort();
        self.problems = all.into();
    }

    /// How many files and folders have a problem.
    pub fn files_with_problems(&self) -> usize {
        // Problems are ordered by path.
        self.problems.chunk_by(|a, b| a.path == b.path).count()
    }

    /// The plugins of all layers, in the order of their roots and folders.
    pub fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// The roles of all layers.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// What loading its layers cost.
    pub fn report(&self) -> ScanReport {
        self.layers.iter().fold(ScanReport::default(), |sum, layer| ScanReport {
            files_read: sum.files_read + layer.report.files_read,
            files_reused: sum.files_reused + layer.report.files_reused,
            manifests_read: sum.manifests_read + layer.report.manifests_read,
        })
    }

    /// How many definitions of each kind there are.
    pub fn counts(&self) -> KindMap<usize> {
        KindMap::from_fn(|kind| self.of_kind(kind).len())
    }

    /// The definition of `kind` that `name` means: an id, else an alias id, else a bare name that one definition
    /// carries. `plugin/name` means `plugin:name`.
    pub fn find(&self, kind: Kind, name: &str) -> Lookup<'_> {
        Lookup::of(self.names.find(kind, name))
    }

    /// What differs from `previous`, by id and everything a definition says.
    pub fn changes_since(&self, previous: &Catalog) -> Changes {
        Changes::between(&previous.definitions, &self.definitions)
    }

    /// Writes what its file sources would not have to read again, for [`super::PersistedScan::open`] by the same `program`:
    /// a text that is another whenever files may be read otherwise.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn persist(&self, program: &str, out: &mut impl Write) -> io::Result<()> {
        persist::write(self.layers.iter().map(|layer| (&layer.id, &layer.cache)), program, out)
    }

    /// What Claude Code lists of this catalog: agents, then commands, then skills. Without `is_bounded` as it would if
    /// there were room for all descriptions.
    ///
    /// The order within a kind is that of ids, where the client's is that in which it loads files: which skills lose
    /// their descriptions may differ, how many hardly does.
    pub fn client_listing(&self, is_bounded: bool) -> Vec<Listed<'_>> {
        self.client_listing_of(is_bounded, |_| true)
    }

    /// The same where it lists only what `is_carried` says: room that the others do not take is there for the rest, and of
    /// one id the first that is carried is listed.
    pub fn client_listing_of(
        &self,
        is_bounded: bool,
        is_carried: impl Fn(&Definition) -> bool,
    ) -> Vec<Listed<'_>> {
        let views: Vec<ClientView<'_>> =
            self.layers.iter().map(|layer| ClientView::of(&layer.problems)).collect();
        let mut loaded = Vec::with_capacity(self.definitions.len());
        let is_listed = |one: &Definition| !one.not_loaded && is_carried(one);
        for (layer, view) in self.layers.iter().zip(&views) {
            let carried = layer.definitions.iter().filter(|one| is_listed(one));
            let first = carried.filter(|one| self.shadowed.is_empty() || self.is_first(one, &is_listed));
            loaded.extend(first.map(|one| (one, view)));
        }
        if self.layers.len() > 1 {
            loaded.sort_by(|(a, _), (b, _)| layer::order(a, b));
        }
        claude_code::listing(&loaded, is_bounded)
    }

    /// Whether a listed definition of a layer is the one that is listed under its id: it serves, or none that precedes it is
    /// listed.
    fn is_first(&self, definition: &Arc<Definition>, is_listed: &dyn Fn(&Definition) -> bool) -> bool {
        if self.serves(definition) {
            return true;
        }
        let (kind, id) = (definition.kind, definition.id.as_str());
        let of_kind = self.of_kind(kind);
        let from = of_kind.partition_point(|known| known.id.as_str() < id);
        let mut serving = of_kind[from..].iter().take_while(|known| known.id == id);
        !serving.any(|known| is_listed(known))
            && self
                .shadowed(kind, id)
                .iter()
                .find(|known| is_listed(known))
                .is_some_and(|first| Arc::ptr_eq(first, definition))
    }

    /// Whether a definition of a layer is the one that serves for its id.
    fn serves(&self, definition: &Arc<Definition>) -> bool {
        let from = self.definitions.partition_point(|known| layer::order(known, definition).is_lt());
        let mut alike = self.definitions[from..].iter().take_while(|known| known.path == definition.path);
        alike.any(|known| Arc::ptr_eq(known, definition))
    }
}
